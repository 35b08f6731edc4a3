// Gives a login its role in a database: one of owner, readwrite, readonly, whatever it had before.
import type { Role } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { endInside } from './end-sessions';
import { addKept, forgetRolesIn } from './kept-roles';
import { USERS_DATABASE } from './names';
import { demandOurs, observeDatabase, observeUser, type RoleRef, rolesFor } from './ownership';

/** As EngineSession.ensureGrant promises. Safe to repeat, also after a change of role that was interrupted. */
export async function ensureGrant(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<Evidence> {
  demandOurs(await observeDatabase(admin, database), `The database "${database.name}"`);
  const { ownership, isLocked, roles } = await observeUser(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  const wanted = rolesFor(role, database.name);
  const evidence = { database: database.name, login: login.name, role, roles: wanted.map((each) => each.role) };
  if (isLocked) {
    await forgetRolesIn(admin, database.name, login);
    await addKept(admin, login, wanted);
    return { ...evidence, locked: true };
  }
  const surplus = roles.filter(
    ({ db, role: had }) => db === database.name && !wanted.some((each) => each.role === had),
  );
  // first what is new: who rises from reader to owner is at no moment without a role
  await run(admin, USERS_DATABASE, { grantRolesToUser: login.name, roles: wanted, ...MAJORITY });
  if (surplus.length === 0) return evidence;
  await revoke(admin, login, surplus);
  return { ...evidence, revoked: surplus.map((each) => each.role), ...(await endInside(admin, login, database)) };
}

/** Counts from the login's next command on. */
export async function revoke(admin: Admin, login: LoginRef, roles: RoleRef[]): Promise<void> {
  if (roles.length > 0) await run(admin, USERS_DATABASE, { revokeRolesFromUser: login.name, roles, ...MAJORITY });
}
