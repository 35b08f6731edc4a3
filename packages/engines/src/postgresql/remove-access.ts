// Shuts every way in and leaves the data. Not ALLOW_CONNECTIONS false: it would shut out the admin, who must still be
// able to roll back prepared transactions inside.
import type { AccessEvidence, DatabaseRef, LoginRef } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { demandNoMembers, listMembers, revokeStatements, standingGroups } from './membership';
import { groupNameOf } from './names';
import { listOutsiders } from './outsiders';
import { observeDatabaseRow, observeGroups, observeLoginRole } from './ownership';
import { listPrepared } from './prepared';
import { quoteIdentifier } from './quote';

/**
 * As EngineSession.removeAccess promises: locks the logins; of the database, every membership, CONNECT and the limit. Logins
 * of others keep their CONNECT in a database that was adopted: the limit keeps them out (`kept_out`) until it is given back. What
 * is prepared inside is data and stays, but for what keeps a row that must be changed (insist.ts).
 */
export async function removeAccess(
  admin: Admin,
  target: { database?: DatabaseRef; logins: LoginRef[] },
): Promise<AccessEvidence> {
  const { database } = target;
  const before = database ? await listPrepared(admin, database.name) : [];
  const locked: string[] = [];
  for (const login of target.logins) {
    const { ownership, oid } = await observeLoginRole(admin, login);
    if (ownership !== 'ours' || oid === null) continue;
    await insist(admin, [`ALTER ROLE ${quoteIdentifier(login.name)} NOLOGIN`]);
    locked.push(login.name);
  }
  if (!database) return { locked, shut: null, revoked: [], still_let_in: [], details: {} };
  const shut = await shutDatabase(admin, database);
  const revoked = await revokeMembers(admin, database);
  const prepared = await listPrepared(admin, database.name);
  const rolledBack = before.filter((gid) => !prepared.includes(gid));
  const keptOut = shut ? await listOutsiders(admin, database) : [];
  const details = { kept_out: keptOut, prepared, rolled_back: rolledBack };
  return { locked, shut, revoked, still_let_in: [], details };
}

/** Whether there was a database of ours to shut. Its limit counts for everybody but superusers. */
export async function shutDatabase(admin: Admin, database: DatabaseRef): Promise<boolean> {
  const row = await observeDatabaseRow(admin, database);
  if (row.ownership !== 'ours' || row.connectionLimit < -1) return false;
  const groups = standingGroups(await observeGroups(admin, database));
  const name = quoteIdentifier(database.name);
  await insist(admin, [
    `ALTER DATABASE ${name} CONNECTION LIMIT 0`,
    `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
    ...groups.map((role) => {
      return `REVOKE CONNECT ON DATABASE ${name} FROM ${quoteIdentifier(groupNameOf(database, role))}`;
    }),
  ]);
  return true;
}

/** Of the owners, the writers and the readers. */
async function revokeMembers(admin: Admin, database: DatabaseRef): Promise<string[]> {
  const groups = await observeGroups(admin, database);
  const revoked = new Set<string>();
  for (const role of standingGroups(groups)) {
    const members = await listMembers(admin, groups[role].oid);
    await insist(
      admin,
      members.flatMap((member) => revokeStatements(database, [role], member)),
    );
    await demandNoMembers(admin, database, role, groups[role]);
    for (const member of members) revoked.add(member);
  }
  return [...revoked].sort();
}
