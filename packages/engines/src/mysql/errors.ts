// The wall where the errors of the driver and of Node's sockets become ours. Nothing of a statement passes it: messages
// that quote statements or values are replaced, and the cause holds codes alone.
import { type ErrorCode, PlatformError } from '@berth/core';
import { NO_TLS, TLS_DEMANDED, tlsMessage } from '../tls';

/** What went wrong on a connection. `errno` when the server spoke, `network` when the socket or the driver did. */
export interface Fault {
  /** The server's own number, such as 1045; MySQL and MariaDB share those below 1900. */
  errno: number | null;
  network: string | null;
  message: string;
}

/** Reads anything thrown by the driver. */
export function faultOf(error: unknown): Fault {
  const errno = fieldOf(error, 'errno');
  const code = fieldOf(error, 'code');
  const message = fieldOf(error, 'message');
  const spokenByServer = typeof errno === 'number' && typeof fieldOf(error, 'sqlState') === 'string';
  return {
    errno: spokenByServer ? errno : null,
    network: !spokenByServer && typeof code === 'string' ? code : null,
    message: typeof message === 'string' ? message : String(error),
  };
}

/** The platform's error for a fault met by an admin. What it says of a tenant's login is judged in knock.ts. */
export function errorOf(fault: Fault): PlatformError {
  const cause = { errno: fault.errno, network: fault.network };
  return new PlatformError(codeFor(fault), messageFor(fault), { cause });
}

/** The server's number behind an error of ours, where it has one. */
export function errnoOf(error: unknown): number | null {
  const errno = fieldOf(fieldOf(error, 'cause'), 'errno');
  return typeof errno === 'number' ? errno : null;
}

/** Numbers that deeds of this folder ask for. */
export const ERRNO = {
  noSuchDatabase: 1049,
  noSuchTable: 1146,
  noSuchThread: 1094,
  noSuchGrant: 1141,
  noSuchRoutineGrant: 1403,
  noSuchTableGrant: 1147,
  lockWait: 1205,
  tableRefused: 1142,
  columnRefused: 1143,
  databaseRefused: 1044,
  passwordRefused: 1045,
} as const;

/** require_secure_transport is on, and the connection is not encrypted. */
const SECURE_TRANSPORT_REQUIRED = 3159;

const BY_ERRNO: Record<number, ErrorCode> = {
  1007: 'taken_on_server', // the database came into being between our look and our act
  1037: 'server_busy', // out of memory
  1038: 'server_busy', // out of memory to sort
  1040: 'server_busy', // too many connections
  1041: 'server_busy', // out of memory
  1044: 'admin_refused', // no right on that database
  1045: 'admin_refused', // wrong password, or no such login from here
  1053: 'server_unreachable', // shutting down
  1115: 'charset_refused', // no such character set
  1129: 'server_unreachable', // this address is blocked after many broken handshakes
  1130: 'admin_refused', // no login may come from this address
  1142: 'admin_refused', // no right on that table
  1143: 'admin_refused', // no right on that column
  1158: 'server_unreachable', // the network, as the server sees it
  1159: 'server_unreachable',
  1160: 'server_unreachable',
  1161: 'server_unreachable',
  1203: 'server_busy', // more connections than any login may have
  1205: 'server_busy', // a lock was not had in time
  1206: 'server_busy', // the lock table is full
  1213: 'server_busy', // deadlock
  1226: 'server_busy', // more connections than this login may have
  1227: 'admin_refused', // a right of the server's is missing
  1253: 'charset_refused', // a collation of another character set
  1273: 'charset_refused', // no such collation
  1317: 'server_unreachable', // interrupted: our session is being ended, by a newer holder of the lock
  1370: 'admin_refused', // no right on that routine
  1410: 'admin_refused', // may not make an account by GRANT
  1698: 'admin_refused', // wrong password, none given
  1820: 'admin_refused', // its password has to be changed first
  1862: 'admin_refused', // its password has expired
  1927: 'server_unreachable', // our session was ended by a newer holder of the lock (MariaDB)
  1969: 'deadline_passed', // max_statement_time (MariaDB)
  3024: 'deadline_passed', // max_execution_time (MySQL)
  3118: 'admin_refused', // locked (MySQL)
  [SECURE_TRANSPORT_REQUIRED]: 'tls_failed',
  3572: 'server_busy', // NOWAIT (MySQL)
  4031: 'server_unreachable', // ended after wait_timeout (MySQL)
  4151: 'admin_refused', // locked (MariaDB)
};

function codeFor(fault: Fault): ErrorCode {
  if (fault.errno !== null) return BY_ERRNO[fault.errno] ?? 'engine_refused';
  if (isTls(fault)) return 'tls_failed';
  if (isPasswordExchange(fault)) return 'admin_refused';
  return 'server_unreachable'; // every other fault that no server spoke is a socket that is gone, or never came
}

/** A certificate that does not verify will not verify tomorrow. A socket that is cut in the handshake is no certificate. */
function isTls({ network, message }: Fault): boolean {
  if (network === 'HANDSHAKE_NO_SSL_SUPPORT') return true;
  return network === 'HANDSHAKE_SSL_ERROR' && !/ECONNRESET|disconnected|ETIMEDOUT/.test(message);
}

/** The server asks for a plugin that the driver does not speak, or for the password in clear. */
function isPasswordExchange({ network }: Fault): boolean {
  return network === 'AUTH_SWITCH_PLUGIN_ERROR';
}

/** Longer ones are a tenant's: a procedure may say what it likes, and evidence is kept. */
const MESSAGE_MAX = 500;

function messageFor(fault: Fault): string {
  const { errno, message, network } = fault;
  if (errno === SECURE_TRANSPORT_REQUIRED) return TLS_DEMANDED;
  if (errno !== null) {
    if (quotesStatement(errno)) return `The server refused a statement (error ${errno})`;
    return `The server says: ${message.slice(0, MESSAGE_MAX)} (error ${errno})`;
  }
  if (isTls(fault)) return network === 'HANDSHAKE_NO_SSL_SUPPORT' ? NO_TLS : tlsMessage(null, message);
  if (isPasswordExchange(fault)) return 'The server and the login could not agree on a password exchange';
  return `The server cannot be reached: ${network ?? message}`;
}

/** Syntax errors quote a piece of the statement, data errors the value, a refused hash the hash. */
const QUOTING: ReadonlySet<number> = new Set([
  1054, 1062, 1064, 1149, 1231, 1265, 1292, 1300, 1305, 1366, 1372, 1406, 1411, 1525, 1583, 1819, 1827, 3546, 4162,
]);

function quotesStatement(errno: number): boolean {
  return QUOTING.has(errno);
}

function fieldOf(error: unknown, field: string): unknown {
  if (typeof error !== 'object' || error === null || !(field in error)) return null;
  return Reflect.get(error, field);
}
