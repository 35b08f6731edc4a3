// Takes one login out of one database. Its other databases, its password and its connections are not touched.
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { endInside } from './end-sessions';
import { revoke } from './ensure-grant';
import { forgetRolesIn } from './kept-roles';
import { observeDatabase, observeUser } from './ownership';

/** As EngineSession.removeGrant promises: shut out first, so that no command is let in; then what runs is ended. */
export async function removeGrant(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<Evidence> {
  const isOurs = await observeDatabase(admin, database);
  const { ownership, roles } = await observeUser(admin, login);
  if (isOurs !== 'ours' || ownership !== 'ours') return { database: isOurs, login: ownership, revoked: [] };
  const here = roles.filter(({ db }) => db === database.name);
  await forgetRolesIn(admin, database.name, login);
  await revoke(admin, login, here);
  const ended = await endInside(admin, login, database);
  return { database: database.name, login: login.name, revoked: here.map(({ role }) => role), ...ended };
}
