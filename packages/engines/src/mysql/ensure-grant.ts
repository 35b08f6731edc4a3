// Gives a login its role in a database: one of owner, readwrite, readonly, whatever it had before.
import { ROLES, type Role } from '@berth/core';
import type { DatabaseRef, GrantEvidence, LoginRef } from '../contract';
import { type Admin, isDatabase, keptName } from './admin';
import { endEarlierSessions } from './end-sessions';
import { isByName, listDatabaseGrants, listThingGrants, revoke } from './grants';
import { demandOurs, observeDatabaseRow, observeLoginRow } from './ownership';
import { isRole, privilegesOf } from './privileges';
import { escapePattern, isAccount, quoteEverythingIn, quoteLogin } from './quote';

/**
 * As EngineSession.ensureGrant promises. What the role has and the login lacks is given first, and what it has beyond that
 * taken then, so that a change leaves it at no moment with less than both. Safe to repeat.
 */
export async function ensureGrant(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<GrantEvidence> {
  demandOurs((await observeDatabaseRow(admin, database)).ownership, `The database "${database.name}"`);
  demandOurs((await observeLoginRow(admin, login)).ownership, `The login "${login.name}"`);
  const { privileges: had, role: before } = await observeRights(admin, database, login);
  const everything = quoteEverythingIn(escapePattern(database.name));
  await admin.main.query(`GRANT ${privilegesOf(role).join(', ')} ON ${everything} TO ${quoteLogin(login.name)}`);
  const beyond = had.filter((each) => !privilegesOf(role).includes(each));
  const revoked = await takeBeyond(admin, database, login, role);
  const evidence = { database: database.name, login: login.name, role, role_before: before };
  if (beyond.length === 0 && revoked.length === 0) return { ...evidence, ended: 0, details: {} };
  const ended = await endEarlierSessions(admin, login.name);
  // once more: a session may have made a routine meanwhile, on which the server gave it rights by name
  await takeBeyond(admin, database, login, role);
  return { ...evidence, ended, details: { taken: [...beyond, ...revoked] } };
}

/** What the login may do in the whole of this database, and what that is as a role: rights inside it alone are `other`. */
export async function observeRights(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
): Promise<{ privileges: string[]; role: GrantEvidence['role_before'] }> {
  const privileges = await listPrivileges(admin, database, login);
  if (privileges.length > 0) return { privileges, role: ROLES.find((role) => isRole(role, privileges)) ?? 'other' };
  const inside = await listThingGrants(admin, isInside(admin, database, login));
  return { privileges, role: inside.length > 0 ? 'other' : null };
}

/** Of a row about a table or a routine. */
function isInside(admin: Admin, database: DatabaseRef, login: LoginRef): string {
  return `${isAccount(login.name)} AND ${isDatabase(admin, 'Db', database.name)}`;
}

/** What the login may do in the whole of this database, by grants on this database and no other. */
export async function listPrivileges(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<string[]> {
  const grants = await listDatabaseGrants(admin, isAccount(login.name));
  const here = grants.filter(({ pattern }) => isByName(admin, pattern, database.name));
  return [...new Set(here.flatMap(({ privileges }) => privileges))];
}

/** Privileges that the role does not have, grants of other spellings of the name, and grants by name inside. */
async function takeBeyond(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<string[]> {
  const ours = keptName(admin, escapePattern(database.name));
  const taken: string[] = [];
  for (const grant of await listDatabaseGrants(admin, isAccount(login.name))) {
    if (!isByName(admin, grant.pattern, database.name)) continue;
    const beyond = grant.privileges.filter((each) => !privilegesOf(role).includes(each));
    if (keptName(admin, grant.pattern) !== ours) {
      await revoke(admin, grant);
      taken.push(grant.pattern);
    } else if (beyond.length > 0) {
      const on = quoteEverythingIn(grant.pattern);
      await admin.main.query(`REVOKE ${beyond.join(', ')} ON ${on} FROM ${quoteLogin(login.name)}`);
    }
  }
  for (const grant of await listThingGrants(admin, isInside(admin, database, login))) {
    await revoke(admin, grant);
    taken.push(grant.name);
  }
  return taken;
}
