// Knocks at a database as a tenant would, over TCP with its password, and reads what the server says to that.
import { PlatformError, type Secret } from '@berth/core';
import type { LoginRef } from '../contract';
import { type Admin, VERSION_WITH_TRANSACTION_TIMEOUT } from './admin';
import { type Attempt, attemptConnection } from './connect';
import { errorOf, type Fault } from './errors';

/** What a tenant may have locked is not waited for longer than this. */
const LOCK_MS_MAX = 2_000;

/** Knocks and takes every answer. Throws `claim_lost` before anything is sent. */
export function attemptLogin(admin: Admin, database: string, login: LoginRef, password: Secret): Promise<Attempt> {
  const settings = [`lock_timeout=${LOCK_MS_MAX}`];
  if (admin.version >= VERSION_WITH_TRANSACTION_TIMEOUT) settings.push('transaction_timeout=0');
  return attemptConnection(
    { address: admin.server, username: login.name, password, database, applicationName: CHECK_NAME, settings },
    admin.leftMs,
  );
}

const CHECK_NAME = 'berth check';

/** The same. Throws `server_unreachable` and the like; every other fault is the server's verdict on the login. */
export async function knock(admin: Admin, database: string, login: LoginRef, password: Secret): Promise<Attempt> {
  const attempt = await attemptLogin(admin, database, login, password);
  if (attempt.fault) demandVerdict(attempt.fault);
  return attempt;
}

/** Throws for a fault that says nothing about the login; `login_check_failed` for a password that cannot even be tried. */
export function demandVerdict(fault: Fault): void {
  const error = untriableOf(fault) ?? errorOf(fault);
  if (fault.sqlstate === null || NOT_TRIED.has(error.code)) throw error;
}

/** A login may give itself a verifier of its own making: the driver refuses more than 100 000 rounds, and wrong keys. */
export function untriableOf({ message, sqlstate }: Fault): PlatformError | null {
  if (sqlstate !== null || !message.startsWith('SASL')) return null;
  return checkFailed('The login cannot be tried: what the server keeps of its password is not of our making');
}

/** Codes that say nothing about the login. */
export const NOT_TRIED: ReadonlySet<string> = new Set([
  'server_unreachable',
  'server_busy',
  'tls_failed',
  'deadline_passed',
  'claim_lost',
]);

/**
 * Ends what our knocking left in a database, and returns whether there was anything. The server keeps its word that a
 * password was right until it is ready for statements: of a login that hangs before that, only its session tells.
 */
export async function endChecks(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  const ended = await admin.main.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename::text = $1 AND datname::text = $2 AND application_name = $3`,
    [login.name, database, CHECK_NAME],
  );
  return ended.length > 0;
}

export type Reason = 'password' | 'locked' | 'privilege' | 'database closed' | 'no such database' | 'other';

/** 28000 is both a locked login and a pg_hba.conf that refuses the address; only the server's routine tells. */
export function reasonOf({ sqlstate, routine }: Fault): Reason {
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

/** What a login was not let do, as the error of a check. */
export function checkFailed(message: string, cause?: unknown): PlatformError {
  return new PlatformError('login_check_failed', message, cause === undefined ? {} : { cause });
}
