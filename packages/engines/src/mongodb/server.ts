// What a server is and whether this admin can do Berth's work on it.
import type { Document } from 'mongodb';
import type { ServerFacts } from '../contract';
import { type Admin, run, serverCodeOf } from './admin';
import { attemptConnection } from './connect';
import { errorOf, UNAUTHORIZED } from './errors';
import { USERS_DATABASE } from './names';
import type { RoleRef } from './ownership';
import { rolesInside } from './try-role';

/** 5.0 and older are out of support. */
const VERSION_MIN = 6;

/** For each role that Berth needs in `admin`: what for, and which roles hold it. */
const NEEDED: { role: string; what: string; within: string[] }[] = [
  { role: 'userAdminAnyDatabase', what: 'make logins and give them roles', within: ['root'] },
  { role: 'readWriteAnyDatabase', what: 'write in its own registry', within: ['root'] },
  { role: 'dbAdminAnyDatabase', what: 'drop databases and tell their size', within: ['root'] },
  { role: 'clusterMonitor', what: 'see what runs', within: ['root', 'clusterAdmin'] },
  { role: 'hostManager', what: 'end what runs', within: ['root', 'clusterAdmin'] },
];

/** As EngineSession.observeServer promises. Every member of a replica set has the identity of the set. */
export async function observeServer(admin: Admin): Promise<ServerFacts> {
  const { version } = await run(admin, 'admin', { buildInfo: 1 });
  const hello = await run(admin, 'admin', { hello: 1 });
  const { roles } = await rolesInside(admin.main);
  const missing = NEEDED.filter(({ role, within }) => !hasOneOf(roles, [role, ...within]));
  return {
    identity: await identityOf(admin),
    version: String(version),
    connectionsMax: missing.some(({ role }) => role === 'clusterMonitor') ? 0 : await connectionsMaxOf(admin),
    lacks: [
      ...lacksOf(String(version), hello),
      ...missing.map(({ role, what }) => `The admin may not ${what} (the role ${role} in admin)`),
      ...((await isOpenToStrangers(admin)) ? [OPEN_TO_STRANGERS] : []),
    ],
    cannot: [],
  };
}

function hasOneOf(roles: RoleRef[], names: string[]): boolean {
  return roles.some(({ role, db }) => db === USERS_DATABASE && names.includes(role));
}

function lacksOf(version: string, hello: Document): string[] {
  const lacks: string[] = [];
  if (Number.parseInt(version, 10) < VERSION_MIN) {
    lacks.push(`MongoDB ${version} is older than ${VERSION_MIN}.0, the oldest that is supported`);
  }
  // a mongos keeps what it knows of users for half a minute: a role that is taken would count for so long
  if (hello.msg === 'isdbgrid') lacks.push('The server is a mongos; Berth works on a server or a replica set alone');
  else if (hello.isWritablePrimary !== true)
    lacks.push('The server is not the primary of its set and cannot be written to');
  return lacks;
}

/**
 * The id that the collection `admin.system.version` got when the server, or its set, was set up. It is the same on every member,
 * stays with the data, and no command changes it.
 */
async function identityOf(admin: Admin): Promise<string> {
  const { cursor } = await run(admin, 'admin', { listCollections: 1, filter: { name: 'system.version' } });
  const [found]: Document[] = cursor.firstBatch;
  return found?.info?.uuid === undefined
    ? `address:${admin.server.host}:${admin.server.port}`
    : String(found.info.uuid);
}

async function connectionsMaxOf(admin: Admin): Promise<number> {
  const { connections } = await run(admin, 'admin', { serverStatus: 1 });
  return Number(connections.current) + Number(connections.available);
}

const OPEN_TO_STRANGERS =
  'The server asks nobody for a login: start it with authorization (security.authorization: enabled, or --auth)';

/** Tried, not read from its settings: whoever says no name asks for what only a login may have. */
async function isOpenToStrangers({ server, leftMs }: Admin): Promise<boolean> {
  const { connection, fault } = await attemptConnection(
    { address: server, login: null, applicationName: 'berth check' },
    leftMs,
  );
  if (connection === null) throw errorOf(fault);
  try {
    await connection.command('admin', { listDatabases: 1, nameOnly: true });
    return true;
  } catch (error) {
    if (serverCodeOf(error) !== UNAUTHORIZED) throw error;
    return false;
  } finally {
    await connection.close();
  }
}
