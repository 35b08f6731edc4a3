// Takes every role in one database from everybody: the users of a MongoDB server are not its databases', and outlive them.
import { PlatformError } from '@berth/core';
import type { Document } from 'mongodb';
import { type Admin, MAJORITY, runUnless } from './admin';
import { USER_NOT_FOUND } from './errors';
import { forgetRolesIn, listKeptIn } from './kept-roles';
import { listDocuments } from './list-documents';
import { USERS_DATABASE } from './names';
import { endOperationsOf, type User } from './operations';
import type { RoleRef } from './ownership';

export interface Holder extends User {
  roles: RoleRef[];
  /** Of a login of ours: its id, and whether it is locked. */
  customData?: { berth?: string; locked?: boolean };
}

/** Users other than the admin that have a role in the database by name, whoever made them. */
export async function listUsersOf(admin: Admin, database: string): Promise<Holder[]> {
  return listUsersWithRoles(admin, { 'roles.db': database });
}

/** Users that this filter means, without the admin and those that hold a lock. */
export async function listUsersWithRoles(admin: Admin, filter: Document = {}): Promise<Holder[]> {
  const found = await listDocuments(admin, { in: USERS_DATABASE, of: 'system.users', filter, projection: HELD });
  return found
    .filter(({ user, db, customData }) => {
      const isAdmin = db === USERS_DATABASE && user === admin.server.username;
      return !isAdmin && customData?.berth_holder === undefined;
    })
    .map(({ user, db, roles, customData }) => ({ user, db, roles, customData }));
}

/** Of a user's document, which holds what its password is verified by as well. */
const HELD = {
  ...{ user: 1, db: 1, roles: 1 },
  ...{ 'customData.berth': 1, 'customData.locked': 1, 'customData.berth_holder': 1 },
};

/**
 * Takes the roles, also those that locked logins would get back, and ends what runs under them and what transactions hold: one
 * that wrote could be committed without a role. Returns who had any, or was to get it back. Throws `server_busy` when somebody is
 * given one meanwhile.
 */
export async function stripDatabase(admin: Admin, database: string): Promise<string[]> {
  const waiting = await listKeptIn(admin, database);
  await forgetRolesIn(admin, database);
  const holders = await listUsersOf(admin, database);
  for (const { user, db, roles } of holders) {
    const here = roles.filter((role) => role.db === database);
    await runUnless(admin, USER_NOT_FOUND, db, { revokeRolesFromUser: user, roles: here, ...MAJORITY });
  }
  await endOperationsOf(
    admin,
    holders.map(({ user, db }) => ({ user, db })),
  );
  if (holders.length > 0 && (await listUsersOf(admin, database)).length > 0) {
    throw new PlatformError('server_busy', `Somebody is given roles in "${database}" while they are taken`);
  }
  return [...new Set([...waiting, ...holders.map(({ user }) => user)])].sort();
}
