// A clock that stands still until a test moves it.
import type { Clock } from '@berth/core';

export interface TestClock extends Clock {
  /** Moves both the time of day and the monotonic count forward. */
  advance(ms: number): void;
}

/** A clock that shows `start` (default 2026-01-01, midnight, UTC) and only moves by `advance`. */
export function testClock(start: Date = new Date('2026-01-01T00:00:00.000Z')): TestClock {
  let passedMs = 0;
  return {
    now: () => new Date(start.getTime() + passedMs),
    monotonicMs: () => passedMs,
    advance(ms) {
      if (ms < 0) throw new Error('a clock does not go back');
      passedMs += ms;
    },
  };
}
