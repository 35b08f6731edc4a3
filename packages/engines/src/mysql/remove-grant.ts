// Takes one login out of one database. Its other databases and its password are not touched; its sessions end, for each is in
// all its databases.
import type { DatabaseRef, LoginRef, UngrantEvidence } from '../contract';
import { type Admin, isDatabase } from './admin';
import { listDefinitions } from './definers';
import { endEarlierSessions } from './end-sessions';
import { observeRights } from './ensure-grant';
import { describeGrant, isByName, listDatabaseGrants, listThingGrants, revoke } from './grants';
import { isOursOrGone, observeDatabaseRow, observeLoginRow } from './ownership';
import { isAccount } from './quote';

/** As EngineSession.removeGrant promises: taken first, so that no session comes back; then ended. */
export async function removeGrant(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<UngrantEvidence> {
  const row = await observeDatabaseRow(admin, database);
  const { ownership } = await observeLoginRow(admin, login);
  if (!isOursOrGone(row) || ownership !== 'ours') {
    return { database: database.name, login: login.name, role_before: null, ended: 0, details: {} };
  }
  const { role } = await observeRights(admin, database, login);
  const grants = await revokeAll(admin, database, login);
  const ended = await endEarlierSessions(admin, login.name);
  grants.push(...(await revokeAll(admin, database, login))); // what the server gave it on a routine made meanwhile
  const runsAsIt = await listDefinitions(admin, login.name, [database.name]);
  const details = { grants, still_defined_by_it: runsAsIt };
  return { database: database.name, login: login.name, role_before: role, ended, details };
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
