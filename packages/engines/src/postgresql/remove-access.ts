// Shuts every way in and leaves the data. Not ALLOW_CONNECTIONS false: it would shut out the admin, who must still be
// able to roll back prepared transactions inside.
import { PlatformError } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { groupNameOf } from './names';
import { observeDatabaseRow, observeGroup, observeLoginRole } from './ownership';
import { quoteIdentifier } from './quote';

/** As EngineSession.removeAccess promises: locks the logins; of the database, every membership, CONNECT and the limit. */
export async function removeAccess(
  admin: Admin,
  target: { database?: DatabaseRef; logins: LoginRef[] },
): Promise<Evidence> {
  const locked: string[] = [];
  for (const login of target.logins) {
    const { ownership, oid } = await observeLoginRole(admin, login);
    if (ownership !== 'ours' || oid === null) continue;
    await insist(admin, { login: oid }, [`ALTER ROLE ${quoteIdentifier(login.name)} NOLOGIN`]);
    locked.push(login.name);
  }
  if (!target.database) return { locked };
  const isShut = await shutDatabase(admin, target.database);
  return { locked, shut: isShut, revoked: await revokeMembers(admin, target.database) };
}

/** Whether there was a database of ours to shut. Its limit counts for everybody but superusers. */
export async function shutDatabase(admin: Admin, database: DatabaseRef): Promise<boolean> {
  const row = await observeDatabaseRow(admin, database);
  if (row.ownership !== 'ours' || row.connectionLimit < -1) return false;
  const group = await observeGroup(admin, database);
  const name = quoteIdentifier(database.name);
  await insist(admin, { database, oid: row.oid }, [
    `ALTER DATABASE ${name} CONNECTION LIMIT 0`,
    `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
    ...(group.ownership === 'ours'
      ? [`REVOKE CONNECT ON DATABASE ${name} FROM ${quoteIdentifier(groupNameOf(database))}`]
      : []),
  ]);
  return true;
}

/** CASCADE, for members may have made members; what they granted falls with them, whoever granted it. */
async function revokeMembers(admin: Admin, database: DatabaseRef): Promise<string[]> {
  const { ownership, oid } = await observeGroup(admin, database);
  if (ownership !== 'ours') return [];
  const group = quoteIdentifier(groupNameOf(database));
  const members = await listMembers(admin, oid);
  await admin.main.atomically(members.map((member) => `REVOKE ${group} FROM ${quoteIdentifier(member)} CASCADE`));
  const left = await listMembers(admin, oid);
  if (left.length > 0) throw new PlatformError('engine_refused', `Memberships of ${group} could not be revoked`);
  return members;
}

/** Everybody but the admin, who must stay a member where it is no superuser. */
async function listMembers(admin: Admin, group: number | null): Promise<string[]> {
  const rows = await admin.main.query<{ member: string }>(
    `SELECT DISTINCT m.rolname AS member FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
      WHERE a.roleid = $1 AND m.rolname <> current_user ORDER BY 1`,
    [group],
  );
  return rows.map(({ member }) => member);
}
