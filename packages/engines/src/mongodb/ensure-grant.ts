// Gives a login its role in a database: one of owner, readwrite, readonly, whatever it had before.
import { ROLES, type Role } from '@berth/core';
import type { DatabaseRef, GrantEvidence, LoginRef } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { endInside } from './end-sessions';
import { addKept, findKept, forgetRolesIn } from './kept-roles';
import { USERS_DATABASE } from './names';
import { areRole, demandOurs, observeDatabase, observeUser, type RoleRef, rolesFor } from './ownership';

/** As EngineSession.ensureGrant promises. Safe to repeat, also after a change of role that was interrupted. */
export async function ensureGrant(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<GrantEvidence> {
  demandOurs(await observeDatabase(admin, database), `The database "${database.name}"`);
  const { ownership, isLocked, roles } = await observeUser(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  const wanted = rolesFor(role, database.name);
  const had = isLocked ? ((await findKept(admin, login)) ?? []) : roles;
  const evidence = {
    ...{ database: database.name, login: login.name, role, role_before: roleBefore(had, database.name), ended: 0 },
    details: { roles: wanted.map((each) => each.role) },
  };
  if (isLocked) {
    await forgetRolesIn(admin, database.name, login);
    await addKept(admin, login, wanted);
    return { ...evidence, details: { ...evidence.details, kept_for_its_unlocking: true } };
  }
  const surplus = roles.filter(
    (each) => each.db === database.name && !wanted.some(({ role: name }) => each.role === name),
  );
  // first what is new: who rises from reader to owner is at no moment without a role
  await run(admin, USERS_DATABASE, { grantRolesToUser: login.name, roles: wanted, ...MAJORITY });
  if (surplus.length === 0) return evidence;
  await revoke(admin, login, surplus);
  const { ended, details } = await endInside(admin, login, database);
  const taken = surplus.map((each) => each.role);
  return { ...evidence, ended, details: { ...evidence.details, ...details, taken } };
}

/** What these roles are in the database, as a role of ours. */
export function roleBefore(had: RoleRef[], database: string): GrantEvidence['role_before'] {
  if (!had.some(({ db }) => db === database)) return null;
  return ROLES.find((role) => areRole(had, role, database)) ?? 'other';
}

/** Counts from the login's next command on. */
export async function revoke(admin: Admin, login: LoginRef, roles: RoleRef[]): Promise<void> {
  if (roles.length > 0) await run(admin, USERS_DATABASE, { revokeRolesFromUser: login.name, roles, ...MAJORITY });
}
