// What a login is let do and what it is refused, tried with its password. A login that cannot be tried is never counted as refused.
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EntryEvidence, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { attemptLogin, checkFailed, mayLook, reasonOf } from './knock';
import { CANARY, REGISTRY, SYSTEM_DATABASES } from './names';
import { demandRole, rolesInside, tryRole } from './try-role';

/** Logs in and tries what the role may, and what it may not. Throws `login_check_failed`, or why it could not be tried. */
export function proveLogin(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<Evidence> {
  return asTenant(admin, login, password, async (inside) => {
    await demandRole(inside, database, login, role);
    return tryRole(inside, database, login, role);
  });
}

/** As EngineSession.proveEntry promises: let in, with this role and no other; what it then cannot do is told. */
export function proveEntry(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<EntryEvidence> {
  return asTenant(admin, login, password, async (inside) => {
    await demandRole(inside, database, login, role);
    try {
      return { ...(await tryRole(inside, database, login, role)), lacks: null };
    } catch (error) {
      if (codeOf(error) !== 'login_check_failed') throw error;
      return { lacks: error instanceof Error ? error.message : 'What its role may do could not be tried' };
    }
  });
}

async function asTenant<T>(
  admin: Admin,
  login: LoginRef,
  password: Secret,
  deed: (inside: Connection) => Promise<T>,
): Promise<T> {
  const { connection } = await attemptLogin(admin, login, password);
  if (connection === null) throw checkFailed(`The login was refused: ${await reasonOf(admin, login)}`);
  try {
    return await deed(connection);
  } finally {
    await connection.close();
  }
}

/** Expects a refusal of the password, or of the database to whoever has the password. Throws `login_check_failed` if let in. */
export async function proveRefused(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  const { connection, fault } = await attemptLogin(admin, login, password);
  if (connection === null) return { refused: true, reason: await reasonOf(admin, login), code: fault.code };
  try {
    if (await mayLook(connection, database.name)) throw checkFailed(`"${login.name}" was let into "${database.name}"`);
    return { refused: true, reason: 'privilege' };
  } finally {
    await connection.close();
  }
}

/**
 * Expects the canary, the registry and every system database to refuse the login, and the server to show it no database in which
 * it has no role. Throws `not_isolated`.
 */
export function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  return asTenant(admin, login, password, async (inside) => {
    const evidence: Evidence = {};
    for (const database of [CANARY, REGISTRY, ...SYSTEM_DATABASES]) {
      if (await mayLook(inside, database)) {
        throw new PlatformError('not_isolated', `"${login.name}" was let into "${database}"`);
      }
      evidence[database] = 'privilege';
    }
    const own = new Set((await rolesInside(inside)).roles.map(({ db }) => db));
    const { databases } = await inside.command('admin', { listDatabases: 1, nameOnly: true });
    const seen: string[] = databases.map(({ name }: { name: string }) => name);
    if (seen.some((name) => !own.has(name))) {
      throw new PlatformError('not_isolated', `"${login.name}" is shown databases in which it has no role`);
    }
    return { ...evidence, databases_shown: seen.length };
  });
}
