// Takes one login out of one database. Its other databases, its password and its connections are not touched.
import type { DatabaseRef, LoginRef, UngrantEvidence } from '../contract';
import type { Admin } from './admin';
import { endInside } from './end-sessions';
import { revoke, roleBefore } from './ensure-grant';
import { findKept, forgetRolesIn } from './kept-roles';
import { observeDatabase, observeUser } from './ownership';

/** As EngineSession.removeGrant promises: shut out first, so that no command is let in; then what runs is ended. */
export async function removeGrant(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<UngrantEvidence> {
  const isOurs = await observeDatabase(admin, database);
  const { isLocked, ownership, roles } = await observeUser(admin, login);
  const evidence = { database: database.name, login: login.name };
  if (isOurs !== 'ours' || ownership !== 'ours') return { ...evidence, role_before: null, ended: 0, details: {} };
  const had = isLocked ? ((await findKept(admin, login)) ?? []) : roles;
  const here = roles.filter(({ db }) => db === database.name);
  await forgetRolesIn(admin, database.name, login);
  await revoke(admin, login, here);
  const { details, ended } = await endInside(admin, login, database);
  const taken = here.map(({ role }) => role);
  return { ...evidence, role_before: roleBefore(had, database.name), ended, details: { ...details, taken } };
}
