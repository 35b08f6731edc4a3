// What the log says of a queue that does not answer: a line when it goes, one a minute while that lasts, one when it is back.
// Each try that fails would be a line otherwise, and a queue that is away is tried by every connection several times a second.
import type { Clock } from '@berth/core';
import type { Log } from '@berth/runtime';

/** Told by everything of one process that speaks to the queue. */
export interface QueueOutages {
  failed(error: unknown): void;
  answered(): void;
}

/** However often it goes and comes back, it is said no more often that it went. */
const TOLD_EVERY_MS = 60_000;

/** Holds nothing open: what is to be said waits for the next failure or answer. */
export function openQueueOutages(log: Log, clock: Clock): QueueOutages {
  let count = 0;
  let goneAtMs: number | null = null;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const sinceMs = (fromMs: number) => Math.round(clock.monotonicMs() - fromMs);
  return {
    failed(reason) {
      count += 1;
      if (sinceMs(toldAtMs) < TOLD_EVERY_MS) return;
      toldAtMs = clock.monotonicMs();
      if (goneAtMs !== null) {
        return log.warn(
          { reason, count, durationMs: sinceMs(goneAtMs) },
          'The queue still does not answer as it should',
        );
      }
      goneAtMs = toldAtMs;
      log.warn(
        { reason, count },
        'The queue does not answer as it should; it is tried again, and maintenance nudges again',
      );
    },
    answered() {
      if (goneAtMs === null) return; // what failed so shortly after the last line is counted, and told if it lasts
      log.info({ count, durationMs: sinceMs(goneAtMs) }, 'The queue answers again');
      [count, goneAtMs] = [0, null];
    },
  };
}
