// The log: one JSON line per fact on standard output. Fields are a list, never a payload, so that no body, header or
// row can slip in.
import { codeOf, currentSpan } from '@berth/core';
import { pino } from 'pino';

/** All that a log line may carry beside its message: ids, codes and measures; never a name of a login, never a secret. */
export interface LogFields {
  accessId?: string;
  actionId?: string;
  attempt?: number;
  code?: string;
  count?: number;
  durationMs?: number;
  duty?: string;
  error?: unknown;
  /** Of a key of BERTH_KEYS, never the key. */
  keyId?: string;
  kind?: string;
  method?: string;
  route?: string;
  signal?: string;
  status?: number;
  /** What it is about: the id of a row. */
  subjectId?: string;
  /** Where this process listens. */
  url?: string;
}

/** Writes one line. `message` is a constant sentence; what varies is in the fields. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** The log of one process; there is nothing to close. `level: 'silent'` writes nothing. */
export function openLog(process: string, level: string): Log {
  const logger = pino({ level, base: { process }, serializers: { error: describeError }, mixin: traceOf });
  return {
    debug: (fields, message) => logger.debug(listed(fields), message),
    info: (fields, message) => logger.info(listed(fields), message),
    warn: (fields, message) => logger.warn(listed(fields), message),
    error: (fields, message) => logger.error(listed(fields), message),
  };
}

/** Which trace a line belongs to, where there is one: by it a line is found from a trace, and the other way round. */
function traceOf(): { trace_id?: string } {
  const span = currentSpan();
  return span === null ? {} : { trace_id: span.traceId };
}

/** The list as it is kept while running: the compiler lets a wider object pass, a row for instance. */
const LISTED: Record<keyof LogFields, true> = {
  accessId: true,
  actionId: true,
  attempt: true,
  code: true,
  count: true,
  durationMs: true,
  duty: true,
  error: true,
  keyId: true,
  kind: true,
  method: true,
  route: true,
  signal: true,
  status: true,
  subjectId: true,
  url: true,
};

function listed(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(LISTED, name)));
}

const CAUSES_MAX = 4;

/** Name, code, message and stack of an error and of its causes; no other property (drivers hang queries on theirs). */
function describeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { message: typeof error };
  const cause = error.cause !== undefined && depth < CAUSES_MAX ? { cause: describeError(error.cause, depth + 1) } : {};
  return { name: error.name, code: codeOf(error), message: error.message, stack: error.stack, ...cause };
}
