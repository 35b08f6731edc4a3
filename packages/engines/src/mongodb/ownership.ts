// Whose a database or login is. A login bears its marker in its own user document, written with it in one command; a database has
// no place that its tenants could not write to, so its marker is in the registry. Users that are no admins can change neither.
import { PlatformError, type Role } from '@berth/core';
import type { Document } from 'mongodb';
import type { DatabaseRef, LoginRef, Ownership } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { DATABASES, REGISTRY, registryKeyOf, USERS_DATABASE } from './names';

export interface RoleRef {
  role: string;
  db: string;
}

export interface LoginFacts {
  ownership: Ownership;
  /** A locked login has no roles, and a password that nobody knows. */
  isLocked: boolean;
  roles: RoleRef[];
}

/** MongoDB's own roles: operators and drivers know them, and no user-defined role has to be kept in step with them. */
const ROLES_OF: Record<Role, string[]> = {
  owner: ['readWrite', 'dbAdmin'],
  readwrite: ['readWrite'],
  readonly: ['read'],
};

/** What a role of ours is on the server. */
export function rolesFor(role: Role, database: string): RoleRef[] {
  return ROLES_OF[role].map((name) => ({ role: name, db: database }));
}

/** Whether these roles are, in this database, exactly that role of ours. */
export function areRole(roles: RoleRef[], role: Role, database: string): boolean {
  const here = roles.filter(({ db }) => db === database).map((each) => each.role);
  return [...new Set(here)].sort().join() === [...ROLES_OF[role]].sort().join();
}

/** Looks at a login by name; the id in its user document decides whether it is ours. */
export async function observeUser(admin: Admin, login: LoginRef): Promise<LoginFacts> {
  const { users } = await run(admin, USERS_DATABASE, { usersInfo: login.name });
  const user: Document | undefined = users[0];
  if (user === undefined) return { ownership: 'free', isLocked: false, roles: [] };
  const isOurs = user.customData?.berth === login.id;
  return { ownership: isOurs ? 'ours' : 'foreign', isLocked: user.customData?.locked === true, roles: user.roles };
}

/** What a user document of ours holds beside roles and password. */
export function customDataOf(login: LoginRef, isLocked = false): Document {
  return isLocked ? { berth: login.id, locked: true } : { berth: login.id };
}

/**
 * Looks at a database. Ours is what the registry says is ours, also while it does not exist: half made, or with all its
 * collections dropped by its owner. Foreign is what exists without that, in any spelling of upper and lower case.
 */
export async function observeDatabase(admin: Admin, database: DatabaseRef): Promise<Ownership> {
  const mark = await findMark(admin, database.name);
  if (mark !== null) return mark.id === database.id && mark.name === database.name ? 'ours' : 'foreign';
  const key = registryKeyOf(database.name);
  const names = await listDatabases(admin);
  return names.some((name) => registryKeyOf(name) === key) ? 'foreign' : 'free';
}

/**
 * Writes down that it was there when it was shut: from then on no tenant can drop it, and one that is gone was lost. Of one that
 * does not exist (any more) nothing is written.
 */
export async function markShut(admin: Admin, database: DatabaseRef): Promise<void> {
  if ((await listDatabases(admin)).includes(database.name)) await setShut(admin, database, true);
}

/** It is given back. Throws `engine_refused` where it was there when it was shut, and is not any more. */
export async function unmarkShut(admin: Admin, database: DatabaseRef): Promise<void> {
  if ((await findMark(admin, database.name))?.shut !== true) return;
  if (!(await listDatabases(admin)).includes(database.name)) {
    throw new PlatformError('engine_refused', `The database "${database.name}" is not on its server any more`);
  }
  await setShut(admin, database, false);
}

async function setShut(admin: Admin, { id, name }: DatabaseRef, shut: boolean): Promise<void> {
  const updates = [{ q: { _id: registryKeyOf(name), id }, u: { $set: { shut } } }];
  await run(admin, REGISTRY, { update: DATABASES, updates, ...MAJORITY });
}

/** What the registry says of a name, in any spelling of upper and lower case; null for nothing. */
export async function findMark(admin: Admin, name: string): Promise<Document | null> {
  const filter = { _id: registryKeyOf(name) };
  const { cursor } = await run(admin, REGISTRY, { find: DATABASES, filter, limit: 1, singleBatch: true });
  return cursor.firstBatch[0] ?? null;
}

/** All databases that exist, by the names that they were made with. */
export async function listDatabases(admin: Admin): Promise<string[]> {
  const { databases } = await run(admin, 'admin', { listDatabases: 1, nameOnly: true });
  return databases.map(({ name }: Document) => String(name));
}

/** Throws `taken_on_server` unless the name is free or ours. */
export function refuseForeign(ownership: Ownership, what: string): void {
  if (ownership === 'foreign') {
    throw new PlatformError('taken_on_server', `${what} exists on the server and is not Berth's`);
  }
}

/** Throws unless the thing is there and ours: `engine_refused` when it is not there, `taken_on_server` when foreign. */
export function demandOurs(ownership: Ownership, what: string): void {
  refuseForeign(ownership, what);
  if (ownership === 'free') throw new PlatformError('engine_refused', `${what} does not exist on the server`);
}
