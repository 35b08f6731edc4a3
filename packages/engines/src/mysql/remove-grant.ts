// Takes one login out of one database. Its other databases and its password are not touched; its sessions end, for each is in
// all its databases.
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import { type Admin, isDatabase } from './admin';
import { listDefinitions } from './definers';
import { endEarlierSessions } from './end-sessions';
import { describeGrant, isByName, listDatabaseGrants, listThingGrants, revoke } from './grants';
import { isOursOrGone, observeDatabaseRow, observeLoginRow } from './ownership';
import { isAccount } from './quote';

/** As EngineSession.removeGrant promises: taken first, so that no session comes back; then ended. */
export async function removeGrant(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<Evidence> {
  const row = await observeDatabaseRow(admin, database);
  const { ownership } = await observeLoginRow(admin, login);
  if (!isOursOrGone(row) || ownership !== 'ours') {
    return { database: row.ownership, login: ownership, revoked: [] };
  }
  const revoked = await revokeAll(admin, database, login);
  const ended = await endEarlierSessions(admin, login.name);
  revoked.push(...(await revokeAll(admin, database, login))); // what the server gave it on a routine made meanwhile
  const runsAsIt = await listDefinitions(admin, login.name, [database.name]);
  return { database: database.name, login: login.name, revoked, ended, still_defined_by_it: runsAsIt };
}

async function revokeAll(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<string[]> {
  const isHis = isAccount(login.name);
  const wide = await listDatabaseGrants(admin, isHis);
  const grants = [
    ...wide.filter(({ pattern }) => isByName(admin, pattern, database.name)),
    ...(await listThingGrants(admin, `${isHis} AND ${isDatabase(admin, 'Db', database.name)}`)),
  ];
  for (const grant of grants) await revoke(admin, grant);
  return grants.map(describeGrant);
}
