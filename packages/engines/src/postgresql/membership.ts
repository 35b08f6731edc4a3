// Who is a member of a database's groups, and what an admin that is no superuser must be a member of to act for others.
import { PlatformError, ROLES, type Role } from '@berth/core';
import type { DatabaseRef } from '../contract';
import { type Admin, VERSION_WITH_GRANT_OPTIONS } from './admin';
import { groupNameOf } from './names';
import type { RoleFacts } from './ownership';
import { quoteIdentifier } from './quote';

/** The groups of a database that are there and ours, by role. */
export function standingGroups(groups: Record<Role, RoleFacts>): Role[] {
  return ROLES.filter((role) => groups[role].ownership === 'ours' && groups[role].oid !== null);
}

/** Everybody but the admin, who must stay a member where it is no superuser. In the order of their names. */
export async function listMembers(admin: Admin, group: number | null): Promise<string[]> {
  const rows = await admin.main.query<{ member: string }>(
    `SELECT DISTINCT m.rolname AS member FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
      WHERE a.roleid = $1 AND m.rolname <> current_user ORDER BY 1`,
    [group],
  );
  return rows.map(({ member }) => member);
}

/** The roles that a login has in a database: one, or none; several where a change was interrupted. */
export async function listRolesOf(
  admin: Admin,
  groups: Record<Role, RoleFacts>,
  login: number | null,
): Promise<Role[]> {
  const oids = ROLES.map((role) => groups[role].oid ?? 0);
  const rows = await admin.main.query<{ oid: number }>(
    'SELECT DISTINCT roleid AS oid FROM pg_auth_members WHERE member = $1 AND roleid = ANY($2::oid[])',
    [login, oids],
  );
  return standingGroups(groups).filter((role) => rows.some(({ oid }) => oid === groups[role].oid));
}

/**
 * The statements that take a login out of groups of a database. CASCADE, for members may have made members; what they
 * granted falls with them, whoever granted it.
 */
export function revokeStatements(database: DatabaseRef, roles: Role[], login: string): string[] {
  return roles.map((role) => {
    return `REVOKE ${quoteIdentifier(groupNameOf(database, role))} FROM ${quoteIdentifier(login)} CASCADE`;
  });
}

/** Throws `engine_refused` when somebody is left in a group that was to be emptied. */
export async function demandNoMembers(admin: Admin, database: DatabaseRef, role: Role, group: RoleFacts) {
  if ((await listMembers(admin, group.oid)).length === 0) return;
  const name = groupNameOf(database, role);
  throw new PlatformError('engine_refused', `Memberships of ${quoteIdentifier(name)} could not be revoked`);
}

/** How a login becomes a member: before 16 every member may also act as the group; a writer or reader need not. */
export function memberOptions(admin: Admin, canActAs: boolean): string {
  if (admin.version < VERSION_WITH_GRANT_OPTIONS) return '';
  return `WITH INHERIT TRUE, SET ${canActAs ? 'TRUE' : 'FALSE'}, ADMIN FALSE`;
}

/**
 * The statements, to be sent as one transaction, that act on what these logins own: a superuser may, everybody else must
 * be a member of each meanwhile. Nobody else ever sees that membership.
 */
export function onBehalfOf(admin: Admin, logins: string[], statements: string[]): string[] {
  if (admin.isSuperuser || logins.length === 0) return statements;
  const names = logins.map(quoteIdentifier).join(', ');
  return [
    `GRANT ${names} TO CURRENT_USER ${memberOptions(admin, true)}`,
    ...statements,
    `REVOKE ${names} FROM CURRENT_USER`,
  ];
}
