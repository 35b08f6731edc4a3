// Waiting in tests: a condition and a deadline, never a sleep of a guessed length.

export interface EventuallyOptions {
  /** Default 30 s: the machine may be busy. */
  timeoutMs?: number;
  /** Pause between two looks; default 25 ms. */
  everyMs?: number;
  /** What is waited for, for the message: `the action to end`. */
  what?: string;
}

/**
 * Calls `probe` until it returns something other than false, null or undefined, and returns that. A probe that throws
 * (a failed `expect` too) is asked again. After the deadline: throws, saying what was waited for and what came last.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 30_000, everyMs = 25, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let last: { value: unknown } | { error: unknown };
  for (;;) {
    try {
      const value = await probe();
      if (isThere(value)) return value;
      last = { value };
    } catch (error) {
      last = { error }; // kept for the message: a probe may throw until its time has come
    }
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}; ${describe(last)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}

function describe(last: { value: unknown } | { error: unknown }): string {
  if ('value' in last) return `the last look gave ${String(last.value)}`;
  return `the last look failed: ${last.error instanceof Error ? last.error.message : String(last.error)}`;
}
