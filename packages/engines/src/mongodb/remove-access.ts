// Shuts every way in and leaves the data. MongoDB has no lock for a login: one that is locked has no roles, and a password that
// nobody knows, both written in one command.
import { randomBytes } from 'node:crypto';
import type { AccessEvidence, DatabaseRef, LoginRef } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { keepRoles } from './kept-roles';
import { USERS_DATABASE } from './names';
import { endLogicalSessions, inAdmin } from './operations';
import { keepOthers } from './others';
import { customDataOf, markShut, observeDatabase, observeUser } from './ownership';
import { stripDatabase } from './strip-database';

/** As EngineSession.removeAccess promises: locks the logins, and takes every role in the database, whoever has it. */
export async function removeAccess(
  admin: Admin,
  { database, logins }: { database?: DatabaseRef; logins: LoginRef[] },
): Promise<AccessEvidence> {
  const locked: string[] = [];
  for (const login of logins) if (await lockLogin(admin, login)) locked.push(login.name);
  const unseen = { still_let_in: null, details: {} }; // roles that operators made themselves are not looked into
  if (!database) return { locked, shut: null, revoked: [], ...unseen };
  const isOurs = (await observeDatabase(admin, database)) === 'ours';
  if (isOurs) await markShut(admin, database);
  if (isOurs) await keepOthers(admin, database);
  return { locked, shut: isOurs, revoked: isOurs ? await stripDatabase(admin, database.name) : [], ...unseen };
}

/** Takes what the login has, and keeps it in the registry for whoever lets it in again. Returns whether it is ours. */
export async function lockLogin(admin: Admin, login: LoginRef): Promise<boolean> {
  const { ownership, isLocked, roles } = await observeUser(admin, login);
  if (ownership !== 'ours') return false;
  if (!isLocked) await keepRoles(admin, login, roles);
  await run(admin, USERS_DATABASE, {
    updateUser: login.name,
    pwd: randomBytes(32).toString('base64url'),
    roles: [],
    mechanisms: ['SCRAM-SHA-256'],
    customData: customDataOf(login, true),
    ...MAJORITY,
  });
  await endLogicalSessions(admin, [inAdmin(login.name)]);
  return true;
}
