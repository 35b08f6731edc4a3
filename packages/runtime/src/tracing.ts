// Where traces begin in a process, and what that needs.
import type { Secret, Span, SpanOptions } from '@berth/core';
import type { Log } from './log';
import type { Metrics } from './metrics';

export interface TraceOptions extends SpanOptions {
  /** The `traceparent` that this goes on with. One that cannot be read is none. */
  from?: string | undefined;
  /** The `traceparent` of somebody whose word is not taken, but kept. */
  link?: string | undefined;
}

export interface Tracing {
  isOn: boolean;
  /** Runs `work` as the first span of this process; `traced` of core makes its parts. Null where nothing is traced. */
  begin<T>(name: string, options: TraceOptions, work: (span: Span | null) => Promise<T>): Promise<T>;
  /** Sends what is left, if it can be sent soon. */
  close(): Promise<void>;
}

export interface TracingConfig {
  /** Of a collector that takes OTLP over HTTP; `/v1/traces` is added. */
  endpoint: string;
  headers: Secret;
  /** Of the traces that begin here, between 0 and 1. */
  ratio: number;
}

export interface TracingMeans {
  process: string;
  log: Log;
  metrics: Metrics;
}

/** Traces nothing, and costs nothing. */
export const NO_TRACING: Tracing = {
  isOn: false,
  begin: (_name, _options, work) => work(null),
  close: async () => {},
};
