// Telling a store that cannot be reached from one that refused. The shapes are those of @prisma/adapter-pg 7.10 and pg 8.
import { TransactionOver } from './raw';

/** What the adapter calls the ways in which a connection is not to be had, or was lost. */
const KINDS = [
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
];

/** SQLSTATE: connection exceptions, refused logins, no such database, too many connections, a server that is shutting down
 * or starting. */
const SQLSTATES = /^(08...|28...|3D000|53300|57P0[1-5])$/;

/** Node's, of pg asked directly: nobody listens there, or the connection broke. */
const SYSTEM_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT'];

/** Node's, of OpenSSL: a certificate that does not hold. */
const TLS_CODES = /CERT|CRL_|_SIGNATURE$|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$/;

/** Prisma's own: no connection of the pool was free in time, no transaction could be begun in time. */
const PRISMA_CODES = ['P2024', 'P2028'];

/** pg throws these without any code, and Prisma passes them on. */
const MESSAGES = [
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Cannot use a pool after calling end on the pool', // the process is about to end
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
];

/** Whether an error of a store function means that the store did not answer. What was asked may have been done. */
export function isStoreUnreachable(error: unknown): boolean {
  const cause = child(child(child(error, 'meta'), 'driverAdapterError'), 'cause');
  return (
    error instanceof TransactionOver ||
    isOneOf(KINDS, child(cause, 'kind')) ||
    SQLSTATES.test(String(child(cause, 'originalCode'))) ||
    SQLSTATES.test(String(child(error, 'code'))) ||
    TLS_CODES.test(String(child(error, 'code'))) ||
    isOneOf([...PRISMA_CODES, ...SYSTEM_CODES], child(error, 'code')) ||
    isOneOf(MESSAGES, child(error, 'message'))
  );
}

function isOneOf(list: string[], value: unknown): boolean {
  return typeof value === 'string' && list.includes(value);
}

function child(parent: unknown, key: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined;
}
