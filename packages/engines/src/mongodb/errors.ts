// The wall where the errors of the driver and of Node's sockets become ours. Nothing of a command passes it: messages that
// may quote a value are replaced, and the cause holds codes alone.
import { type ErrorCode, PlatformError } from '@berth/core';
import { isTlsCode, tlsMessage } from '../tls';

/** What went wrong on a connection. `code` when the server spoke, `network` when a socket did; else the driver. */
export interface Fault {
  code: number | null;
  codeName: string | null;
  /** `ECONNREFUSED` and the like; `lost` where the driver says no more than that. Null where no socket was to blame. */
  network: string | null;
  message: string;
  /** What may be behind it, in words for an operator. */
  hint?: string;
}

export const UNAUTHORIZED = 13;
export const AUTHENTICATION_FAILED = 18;
export const NAMESPACE_EXISTS = 48;
export const USER_NOT_FOUND = 11;
export const USER_EXISTS = 51003;
export const DUPLICATE_KEY = 11000;

/** Reads anything thrown by the driver. */
export function faultOf(error: unknown): Fault {
  const code: unknown = Reflect.get(Object(error), 'code');
  const message = error instanceof Error ? error.message : String(error);
  if (typeof code === 'number') return { code, codeName: textOf(error, 'codeName'), network: null, message };
  const isOfSocket = /^Mongo(Network|ServerSelection|PoolCleared|TopologyClosed|NotConnected|ClientClosed)/;
  const network = networkOf(error) ?? (isOfSocket.test(textOf(error, 'name') ?? '') ? 'lost' : null);
  return { code: null, codeName: null, network, message };
}

/** The system's word, from however deep the driver has wrapped it. */
function networkOf(error: unknown): string | null {
  for (let at = error, deep = 0; deep < 5 && at instanceof Error; deep++) {
    const code = textOf(at, 'code');
    if (code !== null && /^[A-Z_]+$/.test(code)) return code;
    at = at.cause;
  }
  return null;
}

/** The platform's error for a fault met by an admin. What it says of a tenant's login is judged in knock.ts. */
export function errorOf(fault: Fault): PlatformError {
  const cause = { code: fault.code, codeName: fault.codeName, network: fault.network };
  return new PlatformError(codeFor(fault), messageFor(fault), { cause });
}

const BY_CODE: Record<number, ErrorCode> = {
  [UNAUTHORIZED]: 'admin_refused',
  [AUTHENTICATION_FAILED]: 'admin_refused',
  24: 'server_busy', // LockTimeout
  46: 'server_busy', // LockBusy
  50: 'deadline_passed', // MaxTimeMSExpired
  64: 'deadline_passed', // WriteConcernFailed: not yet on a majority
  91: 'server_unreachable', // ShutdownInProgress
  112: 'server_busy', // WriteConflict
  117: 'server_busy', // ConflictingOperationInProgress
  189: 'server_unreachable', // PrimarySteppedDown
  215: 'server_busy', // DatabaseDropPending
  262: 'deadline_passed', // ExceededTimeLimit
  10107: 'server_unreachable', // NotWritablePrimary
  [DUPLICATE_KEY]: 'taken_on_server',
  11600: 'server_unreachable', // InterruptedAtShutdown
  11601: 'server_unreachable', // Interrupted: a newer holder of the lock, or an operator
  11602: 'server_unreachable', // InterruptedDueToReplStateChange
  13297: 'taken_on_server', // DatabaseDifferCase
  13435: 'server_unreachable', // NotPrimaryNoSecondaryOk
  13436: 'server_unreachable', // NotPrimaryOrSecondary
  [USER_EXISTS]: 'taken_on_server',
};

function codeFor(fault: Fault): ErrorCode {
  if (fault.code !== null) return BY_CODE[fault.code] ?? 'engine_refused';
  if (isTlsCode(fault.network)) return 'tls_failed';
  return fault.network === null ? 'engine_refused' : 'server_unreachable';
}

/** Of these codes the message says what is wrong with the server or the caller, and quotes no value. */
const TOLD = [UNAUTHORIZED, AUTHENTICATION_FAILED, USER_NOT_FOUND, USER_EXISTS, 50, 10107, 13297];
const MESSAGE_MAX = 500;

function messageFor(fault: Fault): string {
  if (fault.code !== null) {
    const what = `${fault.codeName ?? 'code'} ${fault.code}`;
    return TOLD.includes(fault.code)
      ? `MongoDB says: ${fault.message.slice(0, MESSAGE_MAX)} (${what})`
      : `MongoDB refused a command (${what})`;
  }
  if (isTlsCode(fault.network)) return tlsMessage(fault.network, fault.message);
  if (fault.network !== null) return `The server cannot be reached: ${fault.network}${fault.hint ?? ''}`;
  return 'The driver refused to send what it was given';
}

function textOf(error: unknown, field: string): string | null {
  const value: unknown = Reflect.get(Object(error), field);
  return typeof value === 'string' ? value : null;
}
