// Shuts every way in and leaves the data. Events are a way in of their own: they run without a session.
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import { type Admin, keptName } from './admin';
import { disableEvents } from './events';
import { describeGrant, isByName, listGrantsOn, revoke } from './grants';
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
): Promise<Evidence> {
  const locked: string[] = [];
  for (const login of target.logins) {
    if ((await observeLoginRow(admin, login)).ownership !== 'ours') continue;
    await admin.main.query(`ALTER USER ${quoteLogin(login.name)} ACCOUNT LOCK`);
    locked.push(login.name);
  }
  const { database } = target;
  if (!database) return { locked };
  if (!isOursOrGone(await observeDatabaseRow(admin, database))) return { locked, shut: false };
  const { revoked, left } = await shutDatabase(admin, database);
  const events = await disableEvents(admin, database);
  return { locked, shut: true, revoked, still_let_in: left, events_disabled: events };
}

/** Who had what is kept, for their sessions outlive it. */
export async function shutDatabase(
  admin: Admin,
  database: DatabaseRef,
): Promise<{ revoked: string[]; left: string[] }> {
  await writeThing(admin, 'database', keptName(admin, database.name), { id: database.id, state: 'shut' });
  const grants = await listGrantsOn(admin, database.name);
  const byName = grants.filter((grant) => !('pattern' in grant) || isByName(admin, grant.pattern, database.name));
  const users = [...new Set(byName.map(({ user }) => user))];
  await keep(admin, 'holders', database.id, users);
  await keepOthers(admin, database, byName);
  for (const grant of byName) await revoke(admin, grant);
  const left = grants.filter((grant) => !byName.includes(grant));
  return { revoked: byName.map(describeGrant), left: left.map(describeGrant) };
}
