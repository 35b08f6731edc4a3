// Many measured times as few numbers.

export interface Figures {
  count: number;
  p50Ms: number;
  p95Ms: number;
  perSecond: number;
}

/** `times` in milliseconds, all done within `wallMs`. */
export function figuresOf(times: number[], wallMs: number): Figures {
  return {
    count: times.length,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    perSecond: (times.length * 1000) / wallMs,
  };
}

/** The value below which this part of them lies (nearest rank); NaN of none. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
