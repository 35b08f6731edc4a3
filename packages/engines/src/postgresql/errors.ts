// The wall where the errors of the driver and of Node's sockets become ours. Nothing of a statement passes it: messages
// that quote statements or values are replaced, and the cause holds codes alone.
import { type ErrorCode, PlatformError } from '@berth/core';
import { isTlsCode, NO_TLS, TLS_DEMANDED, tlsMessage } from '../tls';

/** What went wrong on a connection. `sqlstate` when the server spoke, `network` when the socket did; else the driver. */
export interface Fault {
  sqlstate: string | null;
  network: string | null;
  /** The function of the server that refused, such as `InitializeSessionUserId`: it tells two 28000 apart. */
  routine: string | null;
  message: string;
}

/** Reads anything thrown by the driver. */
export function faultOf(error: unknown): Fault {
  const code = textOf(error, 'code');
  const message = textOf(error, 'message') ?? String(error);
  const spokenByServer = code !== null && textOf(error, 'severity') !== null;
  return {
    sqlstate: spokenByServer ? code : null,
    network: spokenByServer ? null : code,
    routine: textOf(error, 'routine'),
    message,
  };
}

/** The platform's error for a fault met by an admin. What it says of a tenant's login is judged in knock.ts and prove-entry.ts. */
export function errorOf(fault: Fault): PlatformError {
  const cause = { sqlstate: fault.sqlstate, network: fault.network, routine: fault.routine };
  return new PlatformError(codeFor(fault), messageFor(fault), { cause });
}

const BY_SQLSTATE: Record<string, ErrorCode> = {
  '23505': 'taken_on_server', // two sessions made one name at once
  '28000': 'admin_refused', // no such role, or pg_hba.conf refuses
  '28P01': 'admin_refused', // wrong password
  '40001': 'server_busy', // serialization failure
  '40P01': 'server_busy', // deadlock
  '2BP01': 'server_busy', // something came to depend on it between our look and our act
  '42501': 'admin_refused', // insufficient privilege
  '42710': 'taken_on_server', // the role came into being between our look and our act
  '42P04': 'taken_on_server', // the database did
  '53200': 'server_busy', // out of memory
  '53300': 'server_busy', // too many connections
  '55006': 'server_busy', // object in use
  '55P03': 'server_busy', // lock not available
  '57014': 'deadline_passed', // statement timeout
  '57P01': 'server_unreachable', // admin shutdown, or our session was ended by a newer holder of the lock
  '57P02': 'server_unreachable', // crash shutdown
  '57P03': 'server_unreachable', // starting up, shutting down
  '57P05': 'server_unreachable', // idle session timeout
};

function codeFor(fault: Fault): ErrorCode {
  if (isTls(fault)) return 'tls_failed';
  if (fault.sqlstate !== null) {
    if (fault.sqlstate.startsWith('08')) return 'server_unreachable';
    // two sessions changed one catalogue row: an internal error by name, a collision by nature
    if (fault.sqlstate === 'XX000' && fault.message.startsWith('tuple concurrently')) return 'server_busy';
    return BY_SQLSTATE[fault.sqlstate] ?? 'engine_refused';
  }
  if (fault.message.startsWith('SASL')) return 'admin_refused';
  return 'server_unreachable'; // every other fault without a SQLSTATE is a socket that is gone, or never came
}

/** A certificate that does not verify will not verify tomorrow: not a server to wait a day for. */
function isTls(fault: Fault): boolean {
  return isTlsCode(fault.network) || offersNone(fault) || demandsTls(fault);
}

function offersNone({ network, sqlstate, message }: Fault): boolean {
  return network === null && sqlstate === null && message.includes('does not support SSL');
}

/** pg_hba.conf has a line for this login with TLS alone, or none at all: the server does not tell which. */
function demandsTls({ sqlstate, message }: Fault): boolean {
  return sqlstate === '28000' && message.endsWith(', no encryption');
}

/** Longer ones are a tenant's: a trigger may say what it likes, and evidence is kept. */
const MESSAGE_MAX = 500;

function messageFor(fault: Fault): string {
  if (offersNone(fault)) return NO_TLS;
  if (demandsTls(fault)) return `${TLS_DEMANDED} (${fault.message.slice(0, MESSAGE_MAX)})`;
  if (isTlsCode(fault.network)) return tlsMessage(fault.network, fault.message);
  if (fault.sqlstate !== null) {
    if (quotesStatement(fault.sqlstate)) return `PostgreSQL refused a statement (SQLSTATE ${fault.sqlstate})`;
    return `PostgreSQL says: ${fault.message.slice(0, MESSAGE_MAX)} (SQLSTATE ${fault.sqlstate})`;
  }
  if (fault.message.startsWith('SASL')) return 'The server and the admin login could not agree on a password exchange';
  return `The server cannot be reached: ${fault.network ?? fault.message}`;
}

/** Syntax errors quote a piece of the statement, data errors the value; either may be what must not be read. */
function quotesStatement(sqlstate: string): boolean {
  return sqlstate === '42601' || sqlstate.startsWith('22');
}

function textOf(error: unknown, field: string): string | null {
  if (typeof error !== 'object' || error === null || !(field in error)) return null;
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : null;
}
