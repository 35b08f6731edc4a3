// What a locked login had, and is to get back: in the registry, for a user document cannot be dropped and keep anything.
import type { Document } from 'mongodb';
import type { LoginRef } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { listDocuments } from './list-documents';
import { LOGINS, REGISTRY } from './names';
import type { RoleRef } from './ownership';

/** Writes down what the login has, over whatever was kept under its name before. */
export async function keepRoles(admin: Admin, login: LoginRef, roles: RoleRef[]): Promise<void> {
  const updates = [{ q: { _id: login.name }, u: { $set: { id: login.id, roles } }, upsert: true }];
  await run(admin, REGISTRY, { update: LOGINS, updates, ...MAJORITY });
}

/** Adds to what is kept for a locked login. */
export async function addKept(admin: Admin, login: LoginRef, roles: RoleRef[]): Promise<void> {
  const updates: Document[] = roles.map((role) => {
    return { q: { _id: login.name, id: login.id }, u: { $addToSet: { roles: role } }, upsert: true };
  });
  await run(admin, REGISTRY, { update: LOGINS, updates, ...MAJORITY });
}

/** What is kept for the login; null where nothing is, or another login's of that name. */
export async function findKept(admin: Admin, login: LoginRef): Promise<RoleRef[] | null> {
  const filter = { _id: login.name, id: login.id };
  const { cursor } = await run(admin, REGISTRY, { find: LOGINS, filter, limit: 1, singleBatch: true });
  const found: Document | undefined = cursor.firstBatch[0];
  return found === undefined ? null : (found.roles ?? []);
}

/** Locked logins that are to get back a role in this database. */
export async function listKeptIn(admin: Admin, database: string): Promise<string[]> {
  const asked = { in: REGISTRY, of: LOGINS, filter: { 'roles.db': database }, projection: { _id: 1 } };
  return (await listDocuments(admin, asked)).map(({ _id: name }) => String(name));
}

/** Nothing is kept any more: the login has its roles, or is gone. */
export async function dropKept(admin: Admin, name: string): Promise<void> {
  await run(admin, REGISTRY, { delete: LOGINS, deletes: [{ q: { _id: name }, limit: 1 }], ...MAJORITY });
}

/** Of what is kept, takes the roles in one database: of one login, or of all. */
export async function forgetRolesIn(admin: Admin, database: string, login?: LoginRef): Promise<void> {
  const q = login === undefined ? { 'roles.db': database } : { _id: login.name, id: login.id };
  const updates = [{ q, u: { $pull: { roles: { db: database } } }, multi: true }];
  await run(admin, REGISTRY, { update: LOGINS, updates, ...MAJORITY });
}
