// Knocks at a database as a tenant would, with its password, and reads what the server says to that. MongoDB lets a login in
// before it names a database, so a knock is two things: the login, and a first look into that database.
import { randomUUID } from 'node:crypto';
import type { PlatformError, Secret } from '@berth/core';
import type { LoginRef } from '../contract';
import { type Answer, checkFailed, type Refusal } from '../prove-by-knocking';
import type { Admin } from './admin';
import { serverCodeOf } from './admin';
import { type Attempt, attemptConnection, type Connection } from './connect';
import { AUTHENTICATION_FAILED, errorOf, type Fault, UNAUTHORIZED } from './errors';

const CHECK_NAME = 'berth check';

/**
 * Knocks at a database. The server says the same to a wrong password, to a locked login, whose password nobody knows, and to one
 * that is not there: `password`. Throws as `attemptLogin` does.
 */
export async function knock(
  admin: Admin,
  database: string,
  login: LoginRef,
  password: Secret,
): Promise<Answer<Connection>> {
  const { connection, fault } = await attemptLogin(admin, login, password);
  if (connection === null) return { connection, refusal: refusalFor('password', fault.code, errorOf(fault)) };
  try {
    if (await mayLook(connection, database)) return { connection, refusal: null };
  } catch (error) {
    await connection.close();
    throw error;
  }
  await connection.close();
  const error = checkFailed(`"${login.name}" may not look into "${database}"`);
  return { connection: null, refusal: refusalFor('privilege', UNAUTHORIZED, error) };
}

/** There is no limit of connections that a login could use up, and no refusal after a password but for want of a role. */
function refusalFor(reason: 'password' | 'privilege', code: number | null, error: PlatformError): Refusal {
  const isCertain = { isVerdict: true, isUsedUp: false, wasTaken: async () => false };
  return { reason, code: code === null ? null : String(code), error, ...isCertain };
}

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

/**
 * Whether the login may look into the database; `Unauthorized` is the server's no, everything else is thrown. It looks for a
 * collection that nobody can have made: a tenant's view could fail, or take as long as it likes.
 */
export async function mayLook(inside: Connection, database: string): Promise<boolean> {
  try {
    await inside.command(database, { find: `berth_look_${randomUUID()}`, limit: 1, singleBatch: true });
    return true;
  } catch (error) {
    if (serverCodeOf(error) !== UNAUTHORIZED) throw error;
    return false;
  }
}
