// How many refusals of one caller go into the audit in a minute. What is left out is counted, so that the audit can say so
// itself. Counts only; whoever asks writes.
import type { RefusalsLeftOut } from '@berth/actions';
import type { Clock, ErrorCode } from '@berth/core';
import type { Access } from '@berth/store';

/**
 * In each minute, by each process. A stranger must not be able to fill the store, nor must a token that a loop or a thief
 * tries: more of one access is told by one entry a minute. All strangers share a bound as well, for addresses cost nothing.
 */
const FLOOD = { windowMs: 60_000, perStrangerMax: 10, strangersMax: 300, perAccessMax: 60 };

/** Where strangers are told of together. */
const STRANGERS = 'strangers';

export interface Refused {
  /** Null while nobody is known. */
  access: Access | null;
  address: string | null;
  errorCode: ErrorCode;
}

export interface Flood {
  /** Whether this one is recorded; otherwise it is counted. */
  admits(refused: Refused): boolean;
  /** What was left out in minutes that are over, or so far; each is given out once. */
  take(which: 'over' | 'all'): RefusalsLeftOut[];
}

/** Holds nothing open: counts that nobody took are forgotten with the process. */
export function openFlood({ clock }: { clock: Clock }): Flood {
  const admitted = new Map<string, number>();
  const leftOut = new Map<string, RefusalsLeftOut>();
  const over: RefusalsLeftOut[] = [];
  let startedMs = clock.monotonicMs();

  function beginAnother(): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - startedMs < FLOOD.windowMs) return;
    startedMs = nowMs;
    over.push(...leftOut.values());
    leftOut.clear();
    admitted.clear();
  }

  return {
    admits(refused) {
      beginAnother();
      const bounds = boundsOf(refused);
      if (bounds.every(({ key, max }) => (admitted.get(key) ?? 0) < max)) {
        for (const { key } of bounds) admitted.set(key, (admitted.get(key) ?? 0) + 1);
        return true;
      }
      const key = refused.access?.id ?? STRANGERS;
      leftOut.set(key, withOneMore(leftOut.get(key), refused, clock.now()));
      return false;
    },
    take(which) {
      beginAnother();
      const taken = over.splice(0);
      if (which === 'over') return taken;
      taken.push(...leftOut.values());
      leftOut.clear();
      return taken;
    },
  };
}

/** Who comes too often is told so as rarely as a stranger: every entry would be the same. */
function boundsOf({ access, address, errorCode }: Refused): { key: string; max: number }[] {
  const all = { key: STRANGERS, max: FLOOD.strangersMax };
  if (access === null) return [{ key: address ?? '', max: FLOOD.perStrangerMax }, all];
  const own = { key: access.id, max: FLOOD.perAccessMax };
  return errorCode === 'too_many_requests' ? [{ key: `${access.id} often`, max: FLOOD.perStrangerMax }, own] : [own];
}

function withOneMore(before: RefusalsLeftOut | undefined, { access, errorCode }: Refused, now: Date): RefusalsLeftOut {
  const { codes, count, from } = before ?? { codes: {}, count: 0, from: now };
  return { access, count: count + 1, codes: { ...codes, [errorCode]: (codes[errorCode] ?? 0) + 1 }, from, until: now };
}
