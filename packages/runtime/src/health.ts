// Whether a process lives and whether it can serve, asked by machines that end it or pass it by. To live is to have tried
// lately, not to have been answered: a process whose queue or store is down is not mended by being started again.
import { within } from '@berth/core';

/** What keeps a process from serving: not at all (`unavailable`), or as well as it should (`degraded`). */
export interface Hindrance {
  grade: 'unavailable' | 'degraded';
  /** A constant sentence. */
  says: string;
}

export interface Report {
  status: 'alive' | 'stuck' | 'ready' | 'degraded' | 'unavailable' | 'starting' | 'stopping';
  /** Name of the check → what is wrong. */
  wrong: Record<string, string>;
}

export interface Health {
  /** `look` returns what is wrong, or null. It must answer at once. */
  watchLiving(name: string, look: () => string | null): void;
  /** `look` returns a hindrance, or null. One that throws or takes more than two seconds is itself one. */
  watchServing(name: string, look: () => Hindrance | null | Promise<Hindrance | null>): void;
  /** `alive`, or `stuck`: to be ended and started again. */
  living(): Report;
  /** `ready` and `degraded` can serve; the others cannot. */
  serving(): Promise<Report>;
}

export interface HealthOptions {
  /** Whether the start is over. */
  isReady(): boolean;
  stopping: AbortSignal;
}

/** Whether who asked may go on with this process: by it a door chooses between 200 and 503. */
export function isWell({ status }: Report): boolean {
  return status === 'alive' || status === 'ready' || status === 'degraded';
}

const LOOK_MS_MAX = 2_000;

/** A process without a check is alive, and ready once it says so. */
export function openHealth({ isReady, stopping }: HealthOptions): Health {
  const livingLooks = new Map<string, () => string | null>();
  const servingLooks = new Map<string, () => Hindrance | null | Promise<Hindrance | null>>();
  return {
    watchLiving: (name, look) => void livingLooks.set(name, look),
    watchServing: (name, look) => void servingLooks.set(name, look),
    living() {
      const wrong: Report['wrong'] = {};
      for (const [name, look] of livingLooks) {
        const says = look();
        if (says !== null) wrong[name] = says;
      }
      return { status: Object.keys(wrong).length === 0 ? 'alive' : 'stuck', wrong };
    },
    async serving() {
      if (stopping.aborted) return { status: 'stopping', wrong: { process: 'It was asked to stop.' } };
      if (!isReady()) return { status: 'starting', wrong: { process: 'Its start is not over.' } };
      const found = await Promise.all(
        [...servingLooks].map(async ([name, look]) => ({ name, hindrance: await lookInTime(look) })),
      );
      const wrong = Object.fromEntries(found.flatMap(({ name, hindrance: h }) => (h === null ? [] : [[name, h.says]])));
      const grades = found.map(({ hindrance }) => hindrance?.grade);
      if (grades.includes('unavailable')) return { status: 'unavailable', wrong };
      return { status: grades.includes('degraded') ? 'degraded' : 'ready', wrong };
    },
  };
}

/** A look that fails tells no more than that: what was thrown may hold an address. */
function lookInTime(look: () => Hindrance | null | Promise<Hindrance | null>): Promise<Hindrance | null> {
  const looking = Promise.resolve().then(look);
  return within(LOOK_MS_MAX, 'The check', looking).catch(() => ({
    grade: 'unavailable',
    says: `It did not answer within ${LOOK_MS_MAX / 1_000} s, or refused.`,
  }));
}
