// What is traced, for the rooms that do the work: a part of whatever runs now, or nothing at all where nothing is traced. Who
// begins a trace, and where spans go, is runtime's. What runs now is known by the flow of calls (AsyncLocalStorage), as in every
// tracer; no value is kept here outside a call.
import { AsyncLocalStorage } from 'node:async_hooks';
import { codeOf } from './errors';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** Words of ours, ids, numbers: never a name that a tenant chose, never a statement, never a secret. */
export type SpanAttributes = Record<string, string | number | boolean>;

/** One thing that took time, and is part of a trace. */
export interface Span {
  traceId: string;
  /** As W3C's Trace Context writes it: for whoever goes on with it in another process. */
  traceparent: string;
  set(attributes: SpanAttributes): void;
  rename(name: string): void;
  /** It did not do what it should; `type` is the code of an error, or the status of an answer. */
  fail(type: string): void;
  begin(name: string, kind: SpanKind, attributes: SpanAttributes): Span;
  end(): void;
}

export interface SpanOptions {
  /** Default: internal. */
  kind?: SpanKind;
  attributes?: SpanAttributes;
}

const running = new AsyncLocalStorage<Span>();

/** What runs now; null where nothing is traced. */
export function currentSpan(): Span | null {
  return running.getStore() ?? null;
}

/** Runs `work` as a part of what runs now. Where nothing is traced it is just run. What it throws is thrown on, and told by its code. */
export function traced<T>(
  name: string,
  { kind = 'internal', attributes = {} }: SpanOptions,
  work: () => Promise<T>,
): Promise<T> {
  const span = running.getStore();
  return span === undefined ? work() : inSpan(span.begin(name, kind, attributes), work);
}

/** Runs `work` as this span, and ends it. */
export async function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await running.run(span, work);
  } catch (error) {
    span.fail(codeOf(error)); // its message may hold names
    throw error;
  } finally {
    span.end();
  }
}

/** Runs `work` as a part of nothing. */
export function untraced<T>(work: () => T): T {
  return running.exit(work);
}
