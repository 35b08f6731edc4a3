// Knocks at a database as a tenant would, with its password, and reads what the server says to that. MongoDB lets a login in
// before it names a database, so a knock is two things: the login, and a first look into a collection of that database.
import { PlatformError, type Secret } from '@berth/core';
import type { LoginRef } from '../contract';
import type { Admin } from './admin';
import { serverCodeOf } from './admin';
import { type Attempt, attemptConnection, type Connection } from './connect';
import { AUTHENTICATION_FAILED, errorOf, type Fault, UNAUTHORIZED } from './errors';
import { PLACEHOLDER } from './names';
import { observeUser } from './ownership';

const CHECK_NAME = 'berth check';

/** Logs in. Throws `server_unreachable` and the like; every other fault is the server's verdict on the login. */
export async function attemptLogin(admin: Admin, login: LoginRef, password: Secret): Promise<Attempt> {
  const target = { address: admin.server, login: { username: login.name, password }, applicationName: CHECK_NAME };
  const attempt = await attemptConnection(target, admin.leftMs);
  if (attempt.fault !== null && attempt.fault.code !== AUTHENTICATION_FAILED) throw untriedOf(attempt.fault);
  return attempt;
}

/** A password that SASLprep refuses cannot be tried; what a socket or the server itself has to say is no verdict either. */
function untriedOf(fault: Fault): PlatformError {
  const isOfDriver = fault.code === null && fault.network === null;
  return isOfDriver ? checkFailed('The login cannot be tried: no driver takes such a password') : errorOf(fault);
}

/** Whether the login may look into the database; `Unauthorized` is the server's no, everything else is thrown. */
export async function mayLook(inside: Connection, database: string): Promise<boolean> {
  try {
    await inside.command(database, { find: PLACEHOLDER, limit: 1, singleBatch: true });
    return true;
  } catch (error) {
    if (serverCodeOf(error) !== UNAUTHORIZED) throw error;
    return false;
  }
}

export type Reason = 'password' | 'locked' | 'no such login';

/** The server says the same to a wrong password, a locked login and one that is not there; only the admin can tell. */
export async function reasonOf(admin: Admin, login: LoginRef): Promise<Reason> {
  const { ownership, isLocked } = await observeUser(admin, login);
  if (ownership === 'free') return 'no such login';
  return isLocked ? 'locked' : 'password';
}

/** What a login was not let do, as the error of a check. */
export function checkFailed(message: string, cause?: unknown): PlatformError {
  return new PlatformError('login_check_failed', message, cause === undefined ? {} : { cause });
}

/** Codes that say nothing about the login. */
export const NOT_TRIED: ReadonlySet<string> = new Set([
  'server_unreachable',
  'server_busy',
  'tls_failed',
  'deadline_passed',
  'claim_lost',
]);
