// Tries from inside a login's own connection what its role may do, and what it may not. Nothing of it is kept.
import { randomUUID } from 'node:crypto';
import type { Role } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import { checkFailed, tryInside } from '../prove-by-knocking';
import { serverCodeOf } from './admin';
import type { Connection } from './connect';
import { UNAUTHORIZED } from './errors';
import { mayLook } from './knock';
import { checkCollectionOf } from './names';
import { areRole, type RoleRef } from './ownership';

/** Who the server says is logged in on a connection, and with which roles, at this moment. */
export async function rolesInside(inside: Connection): Promise<{ users: string[]; roles: RoleRef[] }> {
  const { authInfo } = await inside.command('admin', { connectionStatus: 1 });
  return {
    users: authInfo.authenticatedUsers.map(({ user }: { user: string }) => user),
    roles: authInfo.authenticatedUserRoles,
  };
}

/** Whether the server gives the login on this connection this role in the database, and no other. */
export async function hasRole(
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<boolean> {
  const { users, roles } = await rolesInside(inside);
  return users.length === 1 && users[0] === login.name && areRole(roles, role, database.name);
}

/** Throws `login_check_failed` unless it is so. */
async function demandRole(inside: Connection, database: DatabaseRef, login: LoginRef, role: Role): Promise<void> {
  const { users, roles } = await rolesInside(inside);
  if (users.length !== 1 || users[0] !== login.name) throw checkFailed(`"${login.name}" is not who is logged in`);
  if (!areRole(roles, role, database.name)) {
    const had = roles.filter(({ db }) => db === database.name).map((each) => each.role);
    throw checkFailed(`"${login.name}" has the roles ${had.join(', ') || '(none)'} instead of those of ${role}`);
  }
}

/** Throws `login_check_failed`, or why it could not be tried. */
export async function tryRole(
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<EntryEvidence> {
  await demandRole(inside, database, login, role);
  const collection = checkCollectionOf(login.id);
  const tried = role === 'readonly' ? tryReading : tryWriting;
  const seen = await tryInside(() => tried(inside, database, collection, role));
  return { login: login.name, role, can_read: true, ...seen, tried_on: null, lacks: null };
}

/** What was tried of a role; who may not read fails. */
type Tried = Pick<EntryEvidence, 'can_make' | 'can_write' | 'details'>;

async function tryWriting(inside: Connection, database: DatabaseRef, collection: string, role: Role): Promise<Tried> {
  const send = (command: Record<string, unknown>) => inside.command(database.name, command);
  await send({ drop: collection }).catch(refuseOthers); // of a proof that died
  const wrote = await writeAndRead(inside, database, collection);
  const isAdmin = await isDone(send({ collMod: collection, validationLevel: 'strict' }));
  await send({ drop: collection });
  if (!wrote) throw checkFailed('What was written was not read back');
  if (isAdmin !== (role === 'owner'))
    throw checkFailed(`A login that is ${role} was ${isAdmin ? '' : 'not '}let change rules`);
  return { can_make: true, can_write: true, details: { can_change_rules: isAdmin } };
}

async function writeAndRead(inside: Connection, database: DatabaseRef, collection: string): Promise<boolean> {
  const written = randomUUID();
  await inside.command(database.name, { insert: collection, documents: [{ _id: written }] });
  const { cursor } = await inside.command(database.name, { find: collection, filter: { _id: written } });
  return cursor.firstBatch.length === 1;
}

/** Writing to a collection that is not there would make it: one refusal for both. */
async function tryReading(inside: Connection, database: DatabaseRef, collection: string): Promise<Tried> {
  if (!(await mayLook(inside, database.name))) throw checkFailed('A reader was not let read');
  const insert = inside.command(database.name, { insert: collection, documents: [{ _id: randomUUID() }] });
  if (await isDone(insert)) throw checkFailed('A reader was let write');
  return { can_make: false, can_write: false, details: {} };
}

/** Whether it was done, or refused for want of a right. */
async function isDone(deed: Promise<unknown>): Promise<boolean> {
  try {
    await deed;
    return true;
  } catch (error) {
    if (serverCodeOf(error) !== UNAUTHORIZED) throw error;
    return false;
  }
}

const NAMESPACE_NOT_FOUND = 26;

/** Before 7.0 it is an error to drop what is not there. */
function refuseOthers(error: unknown): void {
  if (serverCodeOf(error) !== NAMESPACE_NOT_FOUND) throw error;
}
