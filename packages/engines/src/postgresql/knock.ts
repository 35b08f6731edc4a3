// Knocks at a database as a tenant would, over TCP with its password, and reads what the server says to that.
import type { PlatformError, Secret } from '@berth/core';
import type { LoginRef, Reason } from '../contract';
import { type Answer, checkFailed, NOT_TRIED } from '../prove-by-knocking';
import { type Admin, VERSION_WITH_TRANSACTION_TIMEOUT } from './admin';
import { attemptConnection, type Connection } from './connect';
import { errorOf, type Fault } from './errors';

/** What a tenant may have locked is not waited for longer than this. */
const LOCK_MS_MAX = 2_000;

/** Knocks and takes every answer. Throws `claim_lost` before anything is sent. */
export async function knock(
  admin: Admin,
  database: string,
  login: LoginRef,
  password: Secret,
): Promise<Answer<Connection>> {
  const settings = [`lock_timeout=${LOCK_MS_MAX}`];
  if (admin.version >= VERSION_WITH_TRANSACTION_TIMEOUT) settings.push('transaction_timeout=0');
  const attempt = await attemptConnection(
    { address: admin.server, username: login.name, password, database, applicationName: CHECK_NAME, settings },
    admin.leftMs,
  );
  if (!attempt.fault) return { connection: attempt.connection, refusal: null };
  const { fault, isAuthenticated } = attempt;
  const error = untriableOf(fault) ?? errorOf(fault);
  const refusal = {
    reason: reasonOf(fault),
    code: fault.sqlstate,
    error,
    isVerdict: fault.sqlstate !== null && !NOT_TRIED.has(error.code),
    // a full server refuses before it asks for a password
    isUsedUp: fault.sqlstate === '53300' && isAuthenticated,
    // a trigger at login may never end
    wasTaken: async () => isAuthenticated || (fault.sqlstate === null && (await endChecks(admin, database, login))),
  };
  return { connection: null, refusal };
}

const CHECK_NAME = 'berth check';

/** A login may give itself a verifier of its own making: the driver refuses more than 100 000 rounds, and wrong keys. */
function untriableOf({ message, sqlstate }: Fault): PlatformError | null {
  if (sqlstate !== null || !message.startsWith('SASL')) return null;
  return checkFailed('The login cannot be tried: what the server keeps of its password is not of our making');
}

/**
 * Ends what our knocking left in a database, and returns whether there was anything. The server keeps its word that a
 * password was right until it is ready for statements: of a login that hangs before that, only its session tells.
 */
async function endChecks(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  const ended = await admin.main.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename::text = $1 AND datname::text = $2 AND application_name = $3`,
    [login.name, database, CHECK_NAME],
  );
  return ended.length > 0;
}

/** 28000 is both a locked login and a pg_hba.conf that refuses the address; only the server's routine tells. */
function reasonOf({ sqlstate, routine }: Fault): Reason {
  switch (sqlstate) {
    case '28P01':
      return 'password';
    case '28000':
      return routine === 'InitializeSessionUserId' ? 'locked' : 'other';
    case '42501':
      return routine === 'CheckMyDatabase' ? 'privilege' : 'other'; // a trigger may say the same
    case '55000':
      return 'database closed';
    case '3D000':
      return 'no such database';
    default:
      return 'other';
  }
}
