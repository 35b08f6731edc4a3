// Shuts every way in and leaves the data. Events are a way in of their own: they run without a session.
import type { AccessEvidence, DatabaseRef, LoginRef } from '../contract';
import { type Admin, keptName } from './admin';
import { disableEvents } from './events';
import { type DatabaseGrant, describeGrant, isByName, listGrantsOn, revoke, type ThingGrant } from './grants';
import { keepOthers } from './others';
import { isOursOrGone, observeDatabaseRow, observeLoginRow } from './ownership';
import { quoteLogin } from './quote';
import { keep, writeThing } from './store';

/**
 * As EngineSession.removeAccess promises: locks the logins; of the database, every grant on it by its name, whoever had it,
 * and its events. Grants on patterns that match other databases too are an operator's, and are told.
 */
export async function removeAccess(
  admin: Admin,
  target: { database?: DatabaseRef; logins: LoginRef[] },
): Promise<AccessEvidence> {
  const locked: string[] = [];
  for (const login of target.logins) {
    if ((await observeLoginRow(admin, login)).ownership !== 'ours') continue;
    await admin.main.query(`ALTER USER ${quoteLogin(login.name)} ACCOUNT LOCK`);
    locked.push(login.name);
  }
  const { database } = target;
  const nobody = { revoked: [], still_let_in: [], details: {} };
  if (!database) return { locked, shut: null, ...nobody };
  if (!isOursOrGone(await observeDatabaseRow(admin, database))) return { locked, shut: false, ...nobody };
  const { revoked, left } = await shutDatabase(admin, database);
  const events = await disableEvents(admin, database);
  return {
    locked,
    shut: true,
    revoked: usersOf(revoked),
    still_let_in: usersOf(left),
    details: { grants: revoked.map(describeGrant), grants_left: left.map(describeGrant), events_disabled: events },
  };
}

type Grant = DatabaseGrant | ThingGrant;

/** Whose they are, by name; an account of each host is one login. */
export function usersOf(grants: Grant[]): string[] {
  return [...new Set(grants.map(({ user }) => user))].sort();
}

/** Who had what is kept, for their sessions outlive it. */
export async function shutDatabase(admin: Admin, database: DatabaseRef): Promise<{ revoked: Grant[]; left: Grant[] }> {
  await writeThing(admin, 'database', keptName(admin, database.name), { id: database.id, state: 'shut' });
  const grants = await listGrantsOn(admin, database.name);
  const byName = grants.filter((grant) => !('pattern' in grant) || isByName(admin, grant.pattern, database.name));
  await keep(admin, 'holders', database.id, usersOf(byName));
  await keepOthers(admin, database, byName);
  for (const grant of byName) await revoke(admin, grant);
  return { revoked: byName, left: grants.filter((grant) => !byName.includes(grant)) };
}
