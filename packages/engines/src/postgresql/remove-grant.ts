// Takes one login out of one database. Its other databases, its password and its sessions there are not touched.
import { PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, UngrantEvidence } from '../contract';
import type { Admin } from './admin';
import { endSessionsInside } from './end-sessions';
import { roleBefore } from './ensure-grant';
import { insist } from './insist';
import { listRolesOf, revokeStatements } from './membership';
import { observeDatabaseRow, observeGroups, observeLoginRole } from './ownership';
import { rollBackPrepared } from './prepared';
import { quoteIdentifier } from './quote';
import { releaseInside } from './release-role';

/** As EngineSession.removeGrant promises: shut out first, so that no session comes back; then ended, then cleared. */
export async function removeGrant(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<UngrantEvidence> {
  const row = await observeDatabaseRow(admin, database);
  const { ownership, oid } = await observeLoginRole(admin, login);
  if (row.ownership !== 'ours' || ownership !== 'ours' || row.oid === null || oid === null) {
    return { database: database.name, login: login.name, role_before: null, ended: 0, details: {} };
  }
  const groups = await observeGroups(admin, database);
  const roles = await listRolesOf(admin, groups, oid);
  await insist(admin, [
    ...revokeStatements(database, roles, login.name),
    `ALTER ROLE ${quoteIdentifier(login.name)} IN DATABASE ${quoteIdentifier(database.name)} RESET role`,
  ]);
  if ((await listRolesOf(admin, groups, oid)).length > 0) {
    throw new PlatformError('engine_refused', `"${login.name}" could not be taken out of "${database.name}"`);
  }
  const ended = await endSessionsInside(admin, oid, row.oid, true);
  const rolledBack = await rollBackPrepared(admin, { database: database.name, owner: login.name });
  const released = await releaseInside(admin, database, login.name, oid);
  const details = { rolled_back: rolledBack, released };
  return { database: database.name, login: login.name, role_before: roleBefore(roles), ended, details };
}
