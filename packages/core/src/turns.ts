// Turns at something that few may do at a time, in the order in which they asked. Who waits may give up.

export interface Turns {
  /** Does it as soon as it is its turn; null when `giveUp` was aborted before that. */
  take<Result>(deed: () => Promise<Result>, giveUp: AbortSignal): Promise<Result | null>;
  /** Does it as soon as it is its turn, however long that takes. */
  wait<Result>(deed: () => Promise<Result>): Promise<Result>;
}

/** At most `atOnceMax` deeds at a time. */
export function openTurns(atOnceMax: number): Turns {
  const waiting = new Set<() => void>();
  let busy = 0;

  /** Resolves with whether it came to its turn. */
  function come(giveUp: AbortSignal | null): Promise<boolean> {
    if (giveUp?.aborted) return Promise.resolve(false);
    if (busy < atOnceMax) {
      busy += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const begin = () => {
        giveUp?.removeEventListener('abort', leave);
        resolve(true); // the turn passes on: as many are busy as before
      };
      const leave = () => {
        waiting.delete(begin);
        resolve(false);
      };
      waiting.add(begin);
      giveUp?.addEventListener('abort', leave, { once: true });
    });
  }

  function pass(): void {
    const [next] = waiting;
    if (next === undefined) {
      busy -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  async function done<Result>(deed: () => Promise<Result>): Promise<Result> {
    try {
      return await deed();
    } finally {
      pass();
    }
  }

  return {
    take: async (deed, giveUp) => ((await come(giveUp)) ? done(deed) : null),
    async wait(deed) {
      await come(null);
      return done(deed);
    },
  };
}
