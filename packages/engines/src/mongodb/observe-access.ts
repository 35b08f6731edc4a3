// Who may do what, by the users of the server. MongoDB opens no database to a user without a role in it.
import { ROLES } from '@berth/core';
import type { SeenAccess, SeenGrant } from '../contract';
import type { Admin } from './admin';
import { CANARY, REGISTRY, SYSTEM_DATABASES, USERS_DATABASE } from './names';
import { listMarks } from './observe-databases';
import { keyOf } from './operations';
import { areRole, listDatabases, type RoleRef } from './ownership';
import { type Holder, listUsersWithRoles } from './strip-database';

const OWN = [...SYSTEM_DATABASES, REGISTRY, CANARY];

/** As EngineSession.observeAccess promises. A login is a user of `admin`; others are named with their databases. */
export async function observeAccess(admin: Admin): Promise<SeenAccess> {
  const names = (await listDatabases(admin)).filter((name) => !OWN.includes(name)).sort();
  const marks = await listMarks(admin);
  const users = await listUsersWithRoles(admin);
  const held = new Set(users.flatMap(({ roles }) => roles.map(({ db }) => db)));
  return {
    databases: names.map((name) => {
      return { name, id: marks.get(name) ?? null, isOpen: held.has(name), isShut: false, isPublic: false };
    }),
    logins: users.map((user) => ({
      name: nameOf(user),
      id: user.customData?.berth ?? null,
      isLocked: user.customData?.locked === true,
      powers: user.roles.filter(({ db }) => OWN.includes(db)).map(({ db, role }) => `${role} in ${db}`),
    })),
    grants: users.flatMap(grantsOf),
  };
}

function nameOf(user: Holder): string {
  return user.db === USERS_DATABASE ? user.user : keyOf(user);
}

function grantsOf(user: Holder): SeenGrant[] {
  const byDatabase = new Map<string, RoleRef[]>();
  for (const role of user.roles) byDatabase.set(role.db, [...(byDatabase.get(role.db) ?? []), role]);
  return [...byDatabase]
    .filter(([database]) => !OWN.includes(database))
    .map(([database, here]) => {
      const role = ROLES.find((each) => areRole(here, each, database));
      if (role !== undefined) return { login: nameOf(user), database, roles: [role], beyond: [] };
      return { login: nameOf(user), database, roles: [], beyond: here.map((each) => each.role) };
    });
}
