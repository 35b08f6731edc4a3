// What a login is let do and what it is refused, tried with its password. A login that cannot be tried is never counted as refused.
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { isLocked, isShutByGrants } from './entitlement';
import { lackOfMandatory } from './everybody';
import { attemptLogin, checkFailed, demandVerdict, isUsedUp, knock, reasonOf } from './knock';
import { CANARY, STORE } from './names';
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

/** Expects a refusal for password, lock or privilege. Throws `login_check_failed` if let in or refused for a reason that
 * proves nothing, such as an address that no account may come from. */
export async function proveRefused(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  const attempt = await knock(admin, database.name, login, password).catch(async (error: unknown) => {
    const isUntried = codeOf(error) === 'server_busy' || codeOf(error) === 'login_check_failed';
    if (isUntried && (await isShut(admin, database.name, login))) return null;
    throw error;
  });
  if (attempt === null) return { refused: true, reason: 'privilege', tried: false };
  if (!attempt.fault) {
    await attempt.connection.close();
    throw checkFailed(`"${login.name}" was let into "${database.name}"`);
  }
  const reason = reasonOf(attempt.fault);
  if (reason === 'other') throw checkFailed('The login was refused for a reason that proves nothing');
  // told only to whoever has a right there, and could make the database
  if (reason === 'no such database' && !(await isShut(admin, database.name, login))) {
    throw checkFailed(`"${login.name}" may enter "${database.name}", which is not there`);
  }
  return { refused: true, reason, errno: attempt.fault.errno };
}

async function isShut(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  return (await isLocked(admin, login)) || (await isShutByGrants(admin, database, login));
}

/** The servers' own that nobody is let into. The other two show every login what it may see anyway. */
const KEPT_OUT_OF = [CANARY, STORE, 'mysql', 'sys'];

/** Expects the canary and every system database to refuse the login for want of privilege. Throws `not_isolated`. */
export async function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  // a role that is not active when a login comes in would let it in later: that is asked, and not tried
  if (admin.mandatoryRoles !== '') throw new PlatformError('not_isolated', lackOfMandatory(admin.mandatoryRoles));
  const evidence: Evidence = {};
  for (const database of KEPT_OUT_OF) {
    const attempt = await attemptLogin(admin, database, login, password);
    if (attempt.fault && isUsedUp(attempt.fault) && (await isShutByGrants(admin, database, login))) {
      evidence[database] = 'not tried: no connection is left; shut by the grants';
      continue;
    }
    if (!attempt.fault) {
      await attempt.connection.close();
      throw new PlatformError('not_isolated', `"${login.name}" was let into "${database}"`);
    }
    demandVerdict(attempt.fault);
    const reason = reasonOf(attempt.fault);
    if (reason !== 'privilege') throw checkFailed(`Isolation from "${database}" could not be tried: ${reason}`);
    evidence[database] = reason;
  }
  return evidence;
}
