// MongoDB's built-in roles, as far as the commands of this double ask for their actions.
// https://www.mongodb.com/docs/manual/reference/built-in-roles/
import type { Document } from 'bson';

export interface RoleRef {
  role: string;
  db: string;
}

/** A role of an operator's own making. */
export interface DefinedRole extends RoleRef {
  /** Of `{ resource: { db, collection }, actions }`; an empty collection is all of them. */
  privileges: Document[];
}

/** What an action is done to: the server as a whole, a database, or one of its collections. */
export type Target = 'cluster' | { db: string; collection?: string };

const READ = ['find', 'listCollections', 'listIndexes', 'dbStats'];
const READ_WRITE = [...READ, 'insert', 'update', 'remove', 'createCollection', 'dropCollection', 'createIndex'];
const DB_ADMIN = [
  'listCollections',
  'listIndexes',
  'dbStats',
  'createCollection',
  'dropCollection',
  'createIndex',
  'collMod',
  'dropDatabase',
];
const USER_ADMIN = [
  'viewUser',
  'createUser',
  'dropUser',
  'grantRole',
  'revokeRole',
  'changePassword',
  'changeCustomData',
  'createRole',
  'dropRole',
  'viewRole',
];
const MONITOR = ['serverStatus', 'inprog', 'listDatabases'];
const HOST = ['killop', 'killAnySession'];

/** Roles of one database. */
const OF_DATABASE: Record<string, readonly string[]> = {
  read: READ,
  readWrite: READ_WRITE,
  dbAdmin: DB_ADMIN,
  userAdmin: USER_ADMIN,
  dbOwner: [...READ_WRITE, ...DB_ADMIN, ...USER_ADMIN],
};

/** Roles that exist in `admin` alone: what they allow on the server, and in every database. */
const OF_SERVER: Record<string, { cluster: readonly string[]; any: readonly string[] }> = {
  readAnyDatabase: { cluster: ['listDatabases'], any: READ },
  readWriteAnyDatabase: { cluster: ['listDatabases'], any: READ_WRITE },
  dbAdminAnyDatabase: { cluster: ['listDatabases'], any: DB_ADMIN },
  userAdminAnyDatabase: { cluster: ['listDatabases'], any: USER_ADMIN },
  clusterMonitor: { cluster: MONITOR, any: ['dbStats'] },
  hostManager: { cluster: HOST, any: [] },
  clusterAdmin: { cluster: [...MONITOR, ...HOST], any: ['dropDatabase', 'dbStats'] },
  root: { cluster: [...MONITOR, ...HOST], any: [...READ_WRITE, ...DB_ADMIN, ...USER_ADMIN] },
};

/** Databases that the roles of every database leave out, but for the administration of users. */
const APART = ['local', 'config'];

export function isRole({ role, db }: RoleRef, defined: Defined): boolean {
  const isOfServer = db === 'admin' && Object.hasOwn(OF_SERVER, role);
  return Object.hasOwn(OF_DATABASE, role) || isOfServer || findDefined(defined, { role, db }) !== undefined;
}

type Defined = ReadonlyMap<string, DefinedRole>;

function findDefined(defined: Defined, { role, db }: RoleRef): DefinedRole | undefined {
  return [...defined.values()].find((each) => each.role === role && each.db === db);
}

/** Who may read the users, passwords' verifiers and all, as documents; nobody may write them so. */
const READ_USERS = ['userAdminAnyDatabase', 'root'];

/** Whether one of the roles allows the action there. Of collections of the server (`system.*`) the users alone are opened. */
export function allows(roles: readonly RoleRef[], action: string, target: Target, defined: Defined): boolean {
  return roles.some(({ role, db }) => {
    const ofServer = db === 'admin' ? OF_SERVER[role] : undefined;
    if (target === 'cluster') return ofServer?.cluster.includes(action) ?? false;
    if (target.collection?.startsWith('system.')) {
      const isUsers = target.db === 'admin' && target.collection === 'system.users';
      return isUsers && action === 'find' && db === 'admin' && READ_USERS.includes(role);
    }
    if (ofServer !== undefined) {
      const isApart = APART.includes(target.db) && !USER_ADMIN.includes(action);
      return ofServer.any.includes(action) && !isApart;
    }
    const { privileges = [] } = findDefined(defined, { role, db }) ?? {};
    const isDefined = privileges.some(({ resource, actions }) => {
      const isMeant = resource.db === target.db && ['', target.collection].includes(resource.collection);
      return isMeant && actions.includes(action);
    });
    return isDefined || (db === target.db && (OF_DATABASE[role]?.includes(action) ?? false));
  });
}
