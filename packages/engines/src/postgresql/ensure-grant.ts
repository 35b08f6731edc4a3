// Gives a login its role in a database: one of owner, readwrite, readonly, whatever it had before.
import type { Role } from '@berth/core';
import type { DatabaseRef, Details, GrantEvidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { endSessionsInside } from './end-sessions';
import { insist } from './insist';
import { coverCreator, ensureLesserGroup, LESSER_ROLES, type LesserRole } from './lesser-group';
import { listRolesOf, memberOptions, revokeStatements, standingGroups } from './membership';
import { groupNameOf } from './names';
import { demandOurs, observeDatabaseRow, observeGroups, observeLoginRole, type RoleFacts } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { releaseInside } from './release-role';

interface Parties {
  database: DatabaseRef;
  databaseOid: number | null;
  groups: Record<Role, RoleFacts>;
  login: LoginRef;
  loginOid: number | null;
}

/** As EngineSession.ensureGrant promises. Safe to repeat, also after a change of role that was interrupted. */
export async function ensureGrant(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<GrantEvidence> {
  const row = await observeDatabaseRow(admin, database);
  demandOurs(row.ownership, `The database "${database.name}"`);
  const groups = await observeGroups(admin, database);
  demandOurs(groups.owner.ownership, `The role "${groupNameOf(database)}"`);
  const { ownership, oid } = await observeLoginRole(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  const parties = { database, databaseOid: row.oid, groups, login, loginOid: oid };
  const had = await listRolesOf(admin, groups, oid);
  const taken = role === 'owner' ? await makeOwner(admin, parties) : await makeLesser(admin, parties, role, had);
  return {
    database: database.name,
    login: login.name,
    role,
    role_before: roleBefore(had),
    ended: taken.ended,
    details: { group: groupNameOf(database, role), ...taken.details },
  };
}

/** Several where a change was interrupted: that is no role. */
export function roleBefore(had: Role[]): GrantEvidence['role_before'] {
  return had.length > 1 ? 'other' : (had[0] ?? null);
}

/** What a login lost when its role changed. */
interface Taken {
  ended: number;
  details: Details;
}

/** A member of the group that owns the contents, and acting as it, so that what it makes is the group's. */
async function makeOwner(admin: Admin, { database, groups, login }: Parties): Promise<Taken> {
  const standing = LESSER_ROLES.filter((role) => groups[role].ownership === 'ours');
  await coverCreator(admin, database, standing, login.name);
  const group = groupNameOf(database);
  const name = quoteIdentifier(login.name);
  await insist(admin, [
    ...revokeStatements(database, standing, login.name),
    `GRANT ${quoteIdentifier(group)} TO ${name} ${memberOptions(admin, true)}`,
    `ALTER ROLE ${name} IN DATABASE ${quoteIdentifier(database.name)} SET role = ${quoteLiteral(group)}`,
  ]);
  return { ended: 0, details: {} };
}

/**
 * A member of the writers or readers, and of nothing else here. Whoever was more than that before loses, between the two
 * memberships, its sessions inside (which would go on acting as the owners) and what it owns or was given there.
 */
async function makeLesser(admin: Admin, parties: Parties, role: LesserRole, had: Role[]): Promise<Taken> {
  const { database, databaseOid, groups, login, loginOid } = parties;
  await ensureLesserGroup(admin, database, role, groups);
  const others = standingGroups(groups).filter((each) => each !== role && had.includes(each));
  await insist(admin, revokeStatements(database, others, login.name));
  const taken: Taken = { ended: 0, details: {} };
  if (!had.includes(role) || others.length > 0) {
    taken.ended = await endSessionsInside(admin, loginOid ?? 0, databaseOid ?? 0, others.length > 0);
    taken.details = { released: await releaseInside(admin, database, login.name, loginOid ?? 0) };
  }
  const name = quoteIdentifier(login.name);
  const group = quoteIdentifier(groupNameOf(database, role));
  await insist(admin, [
    `GRANT CONNECT ON DATABASE ${quoteIdentifier(database.name)} TO ${group}`,
    `ALTER ROLE ${name} IN DATABASE ${quoteIdentifier(database.name)} RESET role`,
    `GRANT ${group} TO ${name} ${memberOptions(admin, false)}`,
  ]);
  return taken;
}
