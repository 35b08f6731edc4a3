// The only place that reads the time of day of this machine. Who holds an action is decided by the store's clock; its
// holder measures by this one what is left to act, so that it stops by itself when it cannot ask.

/** `now` is the time of day; `monotonicMs` only grows, and goes on while a process is stopped (SIGSTOP). */
export interface Clock {
  now(): Date;
  monotonicMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
