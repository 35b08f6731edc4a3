// Every error of the platform, in one table. The code decides: the HTTP status a stranger sees, and what an action does.

/** `never`: fail at once. `count`: try again until it has failed FAILURES_MAX times. `postpone`: wait for the server. */
export type Retry = 'never' | 'count' | 'postpone';

/** The table; docs/errors.md shows it. */
export const ERRORS = {
  // what the caller got wrong
  malformed_body: { status: 400, retry: 'never', title: 'The body cannot be read' },
  invalid_cursor: { status: 400, retry: 'never', title: 'This cursor was not made by this list' },
  unauthenticated: { status: 401, retry: 'never', title: 'No valid token' },
  missing_scope: { status: 403, retry: 'never', title: 'The token lacks a scope' },
  not_found: { status: 404, retry: 'never', title: 'Not found' },
  method_not_allowed: { status: 405, retry: 'never', title: 'This address does not know that method' },
  name_taken: { status: 409, retry: 'never', title: 'The name is taken' },
  contradicts: { status: 409, retry: 'never', title: 'What is there stands against it' },
  protected: { status: 409, retry: 'never', title: 'Deletion protection is on' },
  repeated: { status: 409, retry: 'never', title: 'This request was made before' },
  not_cancellable: { status: 409, retry: 'never', title: 'This action cannot be cancelled any more' },
  in_use: { status: 409, retry: 'never', title: 'Something still uses it' },
  quota_exceeded: { status: 409, retry: 'never', title: 'The quota is used up' },
  cursor_expired: { status: 410, retry: 'never', title: 'What follows this cursor is not kept any more' },
  body_too_large: { status: 413, retry: 'never', title: 'The body is too large' },
  unsupported_media_type: { status: 415, retry: 'never', title: 'The body is of a kind that is not read here' },
  invalid_request: { status: 422, retry: 'never', title: 'The request is not valid' },
  unknown_reference: { status: 422, retry: 'never', title: 'The request names something that does not exist' },
  disagree: { status: 422, retry: 'never', title: 'Two parts of the request do not fit each other' },
  key_reused: { status: 422, retry: 'never', title: 'This Idempotency-Key was used for another request' },
  too_many_requests: { status: 429, retry: 'never', title: 'Too many requests' },
  no_room: { status: 507, retry: 'never', title: 'No server has room for this database' },
  no_server: { status: 422, retry: 'never', title: 'No server can take this database' },
  server_is_store: { status: 422, retry: 'never', title: 'This server holds the store of Berth itself' },
  not_built: { status: 501, retry: 'never', title: 'Not built yet' },
  // what an engine's server did
  server_unreachable: { status: 503, retry: 'postpone', title: 'The server cannot be reached' },
  server_busy: { status: 503, retry: 'count', title: 'The server is too busy' },
  deadline_passed: { status: 503, retry: 'count', title: 'The server took too long' },
  sessions_remain: { status: 503, retry: 'count', title: 'Sessions came back faster than they could be ended' },
  tls_failed: { status: 502, retry: 'never', title: 'The server and Berth do not agree on TLS' },
  engine_refused: { status: 502, retry: 'never', title: 'The server refused' },
  charset_refused: { status: 422, retry: 'never', title: 'The server does not have this character set or collation' },
  admin_refused: { status: 502, retry: 'never', title: 'The server refused the admin login' },
  server_unfit: { status: 422, retry: 'never', title: 'The admin login may not do what Berth needs' },
  taken_on_server: { status: 409, retry: 'never', title: 'The name is taken on the server' },
  not_isolated: { status: 500, retry: 'never', title: 'The new login reached a database that is not its own' },
  login_check_failed: { status: 500, retry: 'count', title: 'A login did not behave as it must' },
  // what happened to us
  claim_lost: { status: 503, retry: 'never', title: 'Another worker holds this action now' },
  worker_lost: { status: 500, retry: 'never', title: 'Its worker died, again and again' },
  key_missing: { status: 500, retry: 'never', title: 'A key that sealed this is not in BERTH_KEYS' },
  not_set_up: { status: 503, retry: 'never', title: 'The operators have something to set up first' },
  store_behind: { status: 503, retry: 'never', title: 'The store lacks migrations' },
  store_unreachable: { status: 503, retry: 'count', title: 'The store cannot be reached' },
  internal: { status: 500, retry: 'count', title: 'Something broke in Berth' },
} as const satisfies Record<string, { status: number; retry: Retry; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One field of a request that is wrong: `field` is its path (`labels.tier`), `message` what to do about it. */
export interface FieldProblem {
  field: string;
  message: string;
}

interface ErrorDetail {
  fields?: FieldProblem[];
  /** The action that stands against the request, where one does, for `contradicts`. */
  actionId?: string;
  /** How long to stay away, for `too_many_requests`. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** `message` is for strangers and never holds a secret; what they may not read goes into `cause`, for the log alone. */
export class PlatformError extends Error {
  readonly code: ErrorCode;
  readonly fields: FieldProblem[];
  readonly actionId: string | null;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.name = 'PlatformError';
    this.code = code;
    this.fields = detail.fields ?? [];
    this.actionId = detail.actionId ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
  }
}

/** An error that one field of the request is to blame for: what is said of the field is all there is to say. */
export function fieldError(code: ErrorCode, field: string, message: string): PlatformError {
  return new PlatformError(code, message, { fields: [{ field, message }] });
}

/** What `field` names does not exist, or not for this caller: the two are never told apart. */
export function unknownReference(field: string, asked: string, noun: string = field): PlatformError {
  return fieldError('unknown_reference', field, `There is no ${noun} "${asked}".`);
}

/** The platform code of anything thrown; `internal` for what is not ours. Two copies of this package may meet: ask the
 * code, not `instanceof`. */
export function codeOf(error: unknown): ErrorCode {
  if (typeof error === 'object' && error !== null && 'code' in error && 'name' in error) {
    const { code, name } = error;
    if (name === 'PlatformError' && typeof code === 'string' && isErrorCode(code)) return code;
  }
  return 'internal';
}

/** Whether this version knows the code: one that was stored may be another version's. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
