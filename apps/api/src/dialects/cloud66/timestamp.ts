// Times as Cloud 66 writes them: to the second, UTC. Its client parses nothing finer.

/** `2023-01-15T10:30:00Z`. */
export function timestampOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** The same, null for what has not happened yet. */
export function timestampOrNull(time: Date | null): string | null {
  return time === null ? null : timestampOf(time);
}

/** `2014-08-14 00:38:14 UTC`, which only stacks have, beside the ISO form. */
export function spacedTimestampOf(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
