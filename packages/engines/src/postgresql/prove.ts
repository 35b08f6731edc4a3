// What a login is let do and what it is refused, tried with its password. A login that cannot be tried is never counted as refused.
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import type { Attempt } from './connect';
import { attemptLogin, checkFailed, demandVerdict, knock, reasonOf } from './knock';
import { CANARY, SYSTEM_DATABASES } from './names';
import { staysOpen } from './system-databases';
import { tryRole } from './try-role';

/** Logs in and tries what the role may, and what it may not. Throws `login_check_failed`, or why it could not be tried. */
export async function proveLogin(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<Evidence> {
  const attempt = await knock(admin, database.name, login, password);
  if (attempt.fault) throw checkFailed(`The login was refused: ${reasonOf(attempt.fault)}`);
  try {
    return await tryRole(admin, attempt.connection, database, login, role);
  } finally {
    await attempt.connection.close();
  }
}

/** Expects a refusal for password, lock or privilege. Throws `login_check_failed` if let in or refused for a reason
 * that proves nothing, such as a pg_hba.conf that does not know this address. */
export async function proveRefused(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  const attempt = await knock(admin, database.name, login, password).catch(async (error: unknown) => {
    const isUntried = codeOf(error) === 'server_busy' || codeOf(error) === 'login_check_failed';
    if (isUntried && (await isShutByCatalogue(admin, database.name, login))) return null;
    throw error;
  });
  if (attempt === null) return { refused: true, reason: 'privilege', tried: false };
  if (!attempt.fault) {
    await attempt.connection.close();
    throw checkFailed(`"${login.name}" was let into "${database.name}"`);
  }
  const reason = reasonOf(attempt.fault);
  if (reason === 'other') throw checkFailed('The login was refused for a reason that proves nothing');
  return { refused: true, reason, sqlstate: attempt.fault.sqlstate };
}

/** Where the login cannot be tried: whether the catalogue itself keeps it out of the database. */
async function isShutByCatalogue(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  const [row] = await admin.main.query<{ is_shut: boolean }>(
    `SELECT NOT rolcanlogin OR NOT datallowconn OR NOT has_database_privilege(r.oid, d.oid, 'CONNECT') AS is_shut
       FROM pg_roles r, pg_database d WHERE r.rolname::text = $1 AND d.datname::text = $2`,
    [login.name, database],
  );
  return row?.is_shut ?? false;
}

/** Its own clients hold all connections that the login may have; a full server refuses before it asks for a password. */
function isUsedUp(attempt: Attempt): boolean {
  return attempt.fault !== null && attempt.fault.sqlstate === '53300' && attempt.isAuthenticated;
}

/** Expects the canary and every system database to refuse the login for want of privilege. Throws `not_isolated`. */
export async function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  const evidence: Evidence = {};
  for (const database of [CANARY, ...SYSTEM_DATABASES]) {
    const attempt = await attemptLogin(admin, database, login, password);
    if (isUsedUp(attempt) && (await isShutByCatalogue(admin, database, login))) {
      evidence[database] = 'not tried: no connection is left; shut by the catalogue';
      continue;
    }
    if (!attempt.fault) {
      await attempt.connection.close();
      if (!staysOpen(admin, database)) {
        throw new PlatformError('not_isolated', `"${login.name}" was let into "${database}"`);
      }
      evidence[database] = 'open to every login of the server';
      continue;
    }
    demandVerdict(attempt.fault);
    const reason = reasonOf(attempt.fault);
    const isAbsent = reason === 'no such database' && database !== CANARY;
    if (reason !== 'privilege' && reason !== 'database closed' && !isAbsent) {
      throw checkFailed(`Isolation from "${database}" could not be tried: ${reason}`);
    }
    evidence[database] = reason;
  }
  return evidence;
}
