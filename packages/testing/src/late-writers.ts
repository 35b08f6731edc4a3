// Writers whose transactions overlap and end in an order of their own, each step at the word of a test and the same for the
// same seed: what a log must be read through without missing anything.
import type { Store } from '@berth/store';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface LateWriters {
  /** One of them raises an event in its transaction, commits, or takes all of it back. Resolves when that is done. */
  deed(): Promise<void>;
  /** Those that are still open commit. */
  commitAll(): Promise<void>;
}

/** One writer for each database, so that none waits for another. The store needs a connection for each, and some more. */
export function openLateWriters(store: Store, databaseIds: string[], chance: () => number): LateWriters {
  const open = new Map<string, Writer>();
  return {
    async deed() {
      const id = databaseIds[Math.floor(chance() * databaseIds.length)] ?? '';
      const writer = open.get(id) ?? openWriter(store, id);
      open.set(id, writer);
      if (chance() < 0.7) return writer.raise();
      open.delete(id);
      await writer.end(chance() < 0.8 ? 'commit' : 'take back');
    },
    async commitAll() {
      for (const writer of open.values()) await writer.end('commit');
      open.clear();
    },
  };
}

interface Writer {
  raise(): Promise<void>;
  end(how: 'commit' | 'take back'): Promise<void>;
}

class TakenBack extends Error {}

/** A transaction that stays open until it is told to end. */
function openWriter(store: Store, databaseId: string): Writer {
  type Deed = 'raise' | 'commit' | 'take back';
  let hand: (deed: Deed) => void = () => {};
  let done: () => void = () => {};
  const next = () =>
    new Promise<Deed>((resolve) => {
      hand = resolve;
    });
  let handed = next();
  const ended = store.transaction(async (tx) => {
    for (;;) {
      const deed = await handed;
      handed = next();
      if (deed === 'take back') throw new TakenBack();
      if (deed === 'commit') return;
      await tx.databases.update(databaseId, { labels: { changed: 'yes' } });
      done();
    }
  });
  return {
    raise: () =>
      new Promise((resolve) => {
        done = resolve;
        hand('raise');
      }),
    async end(how) {
      hand(how);
      await ended.catch((error: unknown) => {
        if (!(error instanceof TakenBack)) throw error;
      });
    },
  };
}
