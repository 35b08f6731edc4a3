// A name that nothing bears may still mean something here: grants outlive the database they were given on, and what runs in
// a login's name outlives the login. Such a name is somebody else's until that is gone.
import { idTail, PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, Ownership } from '../contract';
import type { Admin } from './admin';
import { findDefinitions } from './definers';
import {
  type DatabaseGrant,
  describeAccount,
  describeGrant,
  isByName,
  listGrantsOn,
  listRightsOf,
  revoke,
  type ThingGrant,
} from './grants';
import { CANARY } from './names';
import { observeDatabaseRow, observeLoginRow } from './ownership';
import { isText } from './quote';
import { findThing } from './store';

type Grant = DatabaseGrant | ThingGrant;

/** As EngineSession.observeDatabase promises; `foreign` also where others were given rights on a database of that name. */
export async function observeDatabase(admin: Admin, database: DatabaseRef): Promise<Ownership> {
  const { ownership, thing } = await observeDatabaseRow(admin, database);
  if (ownership !== 'free' || thing !== null) return ownership;
  return (await listLeftOn(admin, database)).foreign.length > 0 ? 'foreign' : 'free';
}

/**
 * As EngineSession.observeLogin promises; `foreign` also where the name still has rights, or something runs in it, or may: what
 * somebody has locked cannot be looked into, and another name is had for nothing.
 */
export async function observeLogin(admin: Admin, login: LoginRef): Promise<Ownership> {
  const { ownership, thing } = await observeLoginRow(admin, login);
  if (ownership !== 'free' || thing !== null) return ownership;
  const { left, isWhole } = await listLeftOf(admin, login);
  return left.length > 0 || !isWhole ? 'foreign' : 'free';
}

/** Takes back what logins of ours were left with. Throws `taken_on_server` for what others have. */
export async function clearDatabaseName(admin: Admin, database: DatabaseRef): Promise<void> {
  const { ours, foreign } = await listLeftOn(admin, database);
  if (foreign.length > 0) {
    throw new PlatformError(
      'taken_on_server',
      `Others were given rights on "${database.name}": ${foreign.map(describeGrant).join(', ')}. Revoke them, or take another name.`,
    );
  }
  for (const grant of ours) await revoke(admin, grant);
}

/** Throws `taken_on_server`; `server_busy` where it could not be looked into. */
export async function demandCleanLogin(admin: Admin, login: LoginRef): Promise<void> {
  const { left, isWhole } = await listLeftOf(admin, login);
  if (left.length === 0 && isWhole) return;
  if (left.length === 0) {
    throw new PlatformError('server_busy', `What runs as "${login.name}" cannot be seen: a table is being changed`);
  }
  throw new PlatformError(
    'taken_on_server',
    `The name "${login.name}" still means something on the server: ${left.join(', ')}. Remove that, or take another name.`,
  );
}

/** Whoever is let into the canary was given every database by an operator, and is left alone as an admin is. */
async function listLeftOn(admin: Admin, database: DatabaseRef): Promise<{ ours: Grant[]; foreign: Grant[] }> {
  const overAll = (await listGrantsOn(admin, CANARY)).map(describeGrant);
  const left: Record<'ours' | 'foreign', Grant[]> = { ours: [], foreign: [] };
  for (const grant of await listGrantsOn(admin, database.name)) {
    if (overAll.includes(describeGrant(grant))) continue;
    left[(await isOfOurs(admin, grant, database)) ? 'ours' : 'foreign'].push(grant);
  }
  return left;
}

async function isOfOurs(admin: Admin, grant: Grant, database: DatabaseRef): Promise<boolean> {
  if ('pattern' in grant && !isByName(admin, grant.pattern, database.name)) return false;
  return (await findThing(admin, 'login', grant.user)) !== null;
}

/**
 * Definers are looked for in every database (2,000 tables: 0.1 s on MariaDB 10.11): not for names that end in five
 * characters of their own id, which nobody had before.
 */
async function listLeftOf(admin: Admin, login: LoginRef): Promise<{ left: string[]; isWhole: boolean }> {
  const left = (await listRightsOf(admin, isText('User', login.name))).map(describeGrant);
  left.push(...(await listRoles(admin, login.name)), ...(await listProxies(admin, login.name)));
  if (login.name.endsWith(`_${idTail(login.id)}`)) return { left, isWhole: true };
  const { found, isWhole } = await findDefinitions(admin, login.name);
  return { left: [...left, ...found], isWhole };
}

async function listRoles(admin: Admin, name: string): Promise<string[]> {
  const sql = admin.isMariaDb
    ? `SELECT Role AS role FROM mysql.roles_mapping WHERE ${isText('User', name)} OR ${isText('Role', name)}`
    : `SELECT FROM_USER AS role FROM mysql.role_edges WHERE ${isText('TO_USER', name)} OR ${isText('FROM_USER', name)}`;
  const rows = await admin.main.query<{ role: string }>(sql);
  return rows.map(({ role }) => `the role ${role}`);
}

/** DROP USER takes the rights that a login had to act as others, and leaves those of others to act as it (MariaDB 10.11). */
async function listProxies({ main }: Admin, name: string): Promise<string[]> {
  const rows = await main.query<{ user: string; host: string; whom: string }>(
    `SELECT User AS user, Host AS host, Proxied_user AS whom FROM mysql.proxies_priv
      WHERE ${isText('User', name)} OR ${isText('Proxied_user', name)}`,
  );
  return rows.map((row) => `the right of ${describeAccount(row)} to act as "${row.whom}"`);
}
