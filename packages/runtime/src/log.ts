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
  /** An error without its stack: of what lies outside this process, where the stack says nothing. */
  reason?: unknown;
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
  /**
   * The same for lines that come by the thousand: written with others, at the next line of another kind, at the end of the
   * process, or 10 ms later. Lines keep their order. Who kills the process may lose those 10 ms of them.
   */
  infoSoon(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A line costs more to write than to make; so long it may wait for others, and so much of it. */
const HELD_MS_MAX = 10;
const HELD_BYTES_MAX = 4_096;

/** The log of one process; there is nothing to close. `level: 'silent'` writes nothing. */
export function openLog(process: string, level: string): Log {
  const lines = openLines();
  const base = { process };
  const logger = pino(
    { level, base, serializers: { error: describeError, reason: describeReason }, mixin: traceOf },
    lines.destination,
  );
  const write = (by: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (!logger.isLevelEnabled(by)) return;
    logger[by](listed(fields), message);
    lines.write();
  };
  return {
    debug: write('debug'),
    info: write('info'),
    infoSoon(fields, message) {
      if (!logger.isLevelEnabled('info')) return;
      logger.info(listed(fields), message);
      lines.hold();
    },
    warn: write('warn'),
    error: write('error'),
  };
}

/** Standard output, by one call for many lines where they may wait. */
function openLines() {
  const destination = pino.destination({ sync: true, minLength: HELD_BYTES_MAX });
  let timer: NodeJS.Timeout | null = null;
  const endHold = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    process.off('exit', atExit);
  };
  const write = () => {
    if (timer !== null) endHold();
    destination.flush();
  };
  const atExit = () => destination.flushSync();
  return {
    destination,
    /** Writes what there is, now. */
    write,
    /** Writes it in a moment, or as soon as it is much. */
    hold() {
      if (timer !== null) return;
      timer = setTimeout(write, HELD_MS_MAX).unref();
      process.on('exit', atExit);
    },
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
  reason: true,
  route: true,
  signal: true,
  status: true,
  subjectId: true,
  url: true,
};

function listed(fields: LogFields): LogFields {
  for (const name in fields) {
    if (!Object.hasOwn(LISTED, name))
      return Object.fromEntries(Object.entries(fields).filter(([each]) => Object.hasOwn(LISTED, each)));
  }
  return fields;
}

const CAUSES_MAX = 4;

/** Name, code, message and stack of an error and of its causes; no other property (drivers hang queries on theirs). */
function describeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { message: typeof error };
  const cause = error.cause !== undefined && depth < CAUSES_MAX ? { cause: describeError(error.cause, depth + 1) } : {};
  return { name: error.name, code: codeOf(error), message: error.message, stack: error.stack, ...cause };
}

/** Name, code, message of an error and of its causes. The code is the system's where it has one (ECONNREFUSED). */
function describeReason(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { message: typeof error };
  const cause =
    error.cause !== undefined && depth < CAUSES_MAX ? { cause: describeReason(error.cause, depth + 1) } : {};
  return { name: error.name, code: systemCodeOf(error) ?? codeOf(error), message: messageOf(error), ...cause };
}

function systemCodeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' && /^E[A-Z_]{2,30}$/.test(error.code) ? error.code : null;
}

/** Of a host with several addresses Node tells the errors of all, and has no message itself. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((each: unknown) => (each instanceof Error ? each.message : typeof each)).join('; ');
}
