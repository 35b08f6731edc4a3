// A worker's hold on one action: renewed while it works, and measured on a clock that goes on while the process is
// frozen, so that a worker that wakes up too late knows it before it touches anything.
import { type Clock, HOLD_MS, HOLD_RENEW_MS, PlatformError } from '@berth/core';
import type { Evidence } from '@berth/engines/contract';
import type { ClaimKey, Store } from '@berth/store';

/** An engine call ends this long before the hold does. */
const MARGIN_MS = 5_000;

export interface Hold {
  /** What is left for acting on a server, in milliseconds; zero or less: do nothing any more. */
  leftMs(): number;
  /** Asked for since the last word from the store. */
  isCancelRequested(): boolean;
  /** Writes an ended step and prolongs the hold. Throws `claim_lost`. */
  record(step: { name: string; state: 'succeeded' | 'failed'; durationMs: number; evidence: Evidence }): Promise<void>;
  close(): void;
}

/** `claimedAtMs` is the monotonic time from before the claim was asked for: the hold never looks longer than it is. */
export function openHold(
  { store, clock }: { store: Store; clock: Clock },
  key: ClaimKey,
  claimedAtMs: number,
  onUnrenewed: (error: unknown) => void,
): Hold {
  let untilMs = claimedAtMs + HOLD_MS;
  let cancelRequested = false;

  async function prolonging(write: () => Promise<{ cancelRequested: boolean }>): Promise<void> {
    const askedAtMs = clock.monotonicMs();
    if (untilMs - askedAtMs <= 0) throw new PlatformError('claim_lost', 'The hold ran out before it was renewed.');
    const answer = await write();
    untilMs = askedAtMs + HOLD_MS;
    cancelRequested ||= answer.cancelRequested;
  }

  const timer = setInterval(() => {
    prolonging(() => store.actions.renew(key)).catch(onUnrenewed); // if it stays so, the next engine call finds it over
  }, HOLD_RENEW_MS);

  return {
    leftMs: () => untilMs - clock.monotonicMs() - MARGIN_MS,
    isCancelRequested: () => cancelRequested,
    record: (step) => prolonging(() => store.actions.recordStep(key, step)),
    close: () => clearInterval(timer),
  };
}
