// The only place that reads the time of this machine. Holds are not timed by it: they use the store's own clock.

/** `now` is the time of day; `monotonicMs` only grows and counts while a process is stopped (SIGSTOP) as well. */
export interface Clock {
  now(): Date;
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
