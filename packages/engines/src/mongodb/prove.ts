// What MongoDB is asked in the proofs of ../prove-by-knocking.ts, and its own proof of isolation: one login is one connection, from
// which every database is tried.
import { PlatformError, type Secret } from '@berth/core';
import type { IsolationEvidence, LoginRef } from '../contract';
import { checkFailed, notIsolated, type Proving } from '../prove-by-knocking';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { attemptLogin, knock, mayLook } from './knock';
import { CANARY, REGISTRY, SYSTEM_DATABASES } from './names';
import { hasRole, rolesInside, tryRole } from './try-role';

/** The proofs of one session. What cannot be tried is thrown by the knock, and never counted as tried. */
export function provingOf(admin: Admin): Proving<Connection> {
  return {
    knock: (database, login, password) => knock(admin, database, login, password),
    tryRole,
    isEntitled: async (database, login, role, inside) => inside !== null && hasRole(inside, database, login, role),
    mayBeTenants: (code) => code === 'login_check_failed',
  };
}

/**
 * Expects the canary, the registry and every system database to refuse the login, and the server to show it no database in which
 * it has no role. Throws `not_isolated`.
 */
export async function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<IsolationEvidence> {
  const { connection } = await attemptLogin(admin, login, password);
  if (connection === null) throw checkFailed('The login was refused: password');
  try {
    const refused: string[] = [];
    for (const database of [CANARY, REGISTRY, ...SYSTEM_DATABASES]) {
      if (await mayLook(connection, database)) throw notIsolated(login, database);
      refused.push(`${database}: privilege`);
    }
    const shown = await countShown(connection, login);
    return { refused, not_tried: [], left_open: [], details: { databases_shown: shown } };
  } finally {
    await connection.close();
  }
}

async function countShown(inside: Connection, login: LoginRef): Promise<number> {
  const own = new Set((await rolesInside(inside)).roles.map(({ db }) => db));
  const { databases } = await inside.command('admin', { listDatabases: 1, nameOnly: true });
  const seen: string[] = databases.map(({ name }: { name: string }) => name);
  if (seen.every((name) => own.has(name))) return seen.length;
  throw new PlatformError('not_isolated', `"${login.name}" is shown databases in which it has no role`);
}
