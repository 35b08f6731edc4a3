// The streams of one API process: how many may be open, for how long a reader may lag, and why each ended.
import { PlatformError } from '@berth/core';
import type { Metrics } from '@berth/runtime';

/** Why the server ends a stream that would have gone on. */
export const DROP_REASONS = ['slow', 'access', 'gone', 'stopping'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface StreamBounds {
  perAccess: number;
  perProcess: number;
  /** A sign of life this often, after a look whether the token still opens the stream. */
  heartbeatMs: number;
  /** A reader that has not taken in this time what was sent is dropped. */
  drainMs: number;
}

export const STREAM_BOUNDS: StreamBounds = {
  perAccess: 20,
  perProcess: 1_000, // each holds a socket, and a chunk while it is written
  heartbeatMs: 15_000, // proxies end what is silent for a minute
  drainMs: 30_000,
};

export interface Streams {
  bounds: StreamBounds;
  /** Counts a stream of this access until the returned function is called. Throws `too_many_requests`. */
  enter(accessId: string): () => void;
  noteDropped(reason: DropReason): void;
  /** How many are open now, and how many were dropped so far. */
  counts(): { open: number; dropped: Record<DropReason, number> };
}

/** Holds nothing open: counts are forgotten with the process. They are told to its metrics. */
export function openStreams(metrics: Metrics, change: Partial<StreamBounds> = {}): Streams {
  const bounds = { ...STREAM_BOUNDS, ...change };
  const perAccess = new Map<string, number>();
  const dropped: Record<DropReason, number> = { slow: 0, access: 0, gone: 0, stopping: 0 };
  let open = 0;
  metrics.collect('berth_event_streams_open', () => [{ labels: {}, value: open }]);
  return {
    bounds,
    enter(accessId) {
      const own = perAccess.get(accessId) ?? 0;
      if (own >= bounds.perAccess) throw tooMany(bounds, `More than ${bounds.perAccess} streams with this token`);
      if (open >= bounds.perProcess) throw tooMany(bounds, `More than ${bounds.perProcess} streams altogether`);
      open += 1;
      perAccess.set(accessId, own + 1);
      return () => {
        open -= 1;
        const left = (perAccess.get(accessId) ?? 1) - 1;
        if (left === 0) perAccess.delete(accessId);
        else perAccess.set(accessId, left);
      };
    },
    noteDropped(reason) {
      dropped[reason] += 1;
      metrics.count('berth_event_streams_dropped_total', { reason });
    },
    counts: () => ({ open, dropped: { ...dropped } }),
  };
}

function tooMany({ heartbeatMs }: StreamBounds, what: string): PlatformError {
  const message = `${what} are not kept open by one process. Close one, or read the events in pages, as JSON.`;
  return new PlatformError('too_many_requests', message, { retryAfterMs: heartbeatMs });
}
