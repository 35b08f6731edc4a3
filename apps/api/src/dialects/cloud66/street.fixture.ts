// A store with two teams, their accesses and servers, and a hand that ends actions as a worker would, by the store alone.
import { PlatformError, type Scope } from '@berth/core';
import type { Access, Environment, Project, Server, Store, Team } from '@berth/store';

const GIB = 1024n ** 3n;

export interface Street {
  team: Team;
  project: Project;
  development: Environment;
  production: Environment;
  /** Active, PostgreSQL, in development. */
  server: Server;
  /** The same, in production. */
  productionServer: Server;
  /** Never checked, so that nothing may be placed on it. */
  uncheckedServer: Server;
  /** Active, of an engine that this version has no worker for. */
  foreignServer: Server;
}

/** Writes all of it, once per store. */
export async function furnish(store: Store): Promise<Street> {
  const { catalog } = store;
  const team = await catalog.ensureTeam('first');
  const project = await catalog.ensureProject(team.id, 'shop');
  const development = await catalog.ensureEnvironment('development');
  const production = await catalog.ensureEnvironment('production');
  await catalog.ensurePlan({ name: 'large', engine: 'postgresql', sizeBytesMax: 20n * GIB, connectionsMax: 100 });
  await catalog.ensurePlan({ name: 'small', engine: 'postgresql', sizeBytesMax: 1n * GIB, connectionsMax: 20 });
  const pool = await catalog.ensurePool('pool', 'postgresql', development.id);
  const productionPool = await catalog.ensurePool('production pool', 'postgresql', production.id);
  const foreignPool = await catalog.ensurePool('foreign pool', 'mongodb', development.id);
  return {
    team,
    project,
    development,
    production,
    server: await active(store, await addServer(store, 'PostgreSQL Server', 'postgresql', pool.id)),
    productionServer: await active(store, await addServer(store, 'production', 'postgresql', productionPool.id)),
    uncheckedServer: await addServer(store, 'unchecked', 'postgresql', pool.id),
    foreignServer: await active(store, await addServer(store, 'foreign', 'mongodb', foreignPool.id)),
  };
}

/** A bearer access of a team, by the hash of its token. */
export function addAccess(store: Store, teamId: string, secretHash: string, scopes: Scope[]): Promise<Access> {
  const name = `access ${secretHash.slice(0, 8)}`;
  const person = 'caller@example.org';
  return store.accesses.ensureBearer({ teamId, name, person, secretHash, scopes, defaults: {}, expiresAt: null });
}

/** A server on an address of its own, `unchecked`. The API never opens its admin access. */
export function addServer(store: Store, name: string, engine: string, poolId: string): Promise<Server> {
  const id = store.servers.newId();
  const place = { host: `${id}.example.org`, port: 5432, tls: 'disable', adminSealed: 'sealed', sizeBytesMax: null };
  return store.servers.insert({ id, name, engine, poolId, ...place });
}

async function active(store: Store, server: Server): Promise<Server> {
  await store.servers.becomeChecked(server.id, { identity: server.id, version: '18.4', connectionsMax: 100 });
  return server;
}

export const FACTS = { sizeBytes: 104857600, charset: 'UTF8', collation: 'C.UTF-8' };

/** A worker's claim on the action of this number. */
export async function claim(store: Store, number: number) {
  const action = await store.actions.findByNumber(number);
  const claimed = action === null ? null : await store.actions.claim(action.id, 'a worker');
  if (claimed === null) throw new PlatformError('claim_lost', `Action ${number} is not to be claimed.`);
  return claimed;
}

/** Ends a create as a worker does: action and database in one commit. Returns the database's id. */
export async function succeedCreate(store: Store, number: number, facts = FACTS): Promise<string> {
  const claimed = await claim(store, number);
  const id = claimed.database_id ?? '';
  await store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    await tx.databases.becomeAvailable(id, facts);
  });
  return id;
}

/** Ends a delete as a worker does. */
export async function succeedDelete(store: Store, number: number): Promise<void> {
  const claimed = await claim(store, number);
  await store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    await tx.databases.becomeDeleted(claimed.database_id ?? '');
  });
}

/** A login on the database's server with a grant on it, as an active credential. */
export async function addLogin(store: Store, databaseId: string, username: string): Promise<void> {
  const database = await store.databases.find(databaseId);
  if (database === null) throw new PlatformError('not_found', 'The database of this login is not in the store.');
  const { team_id: teamId, server_id: serverId } = database;
  const login = { teamId, serverId, username, engineUsername: username, secretSealed: 'sealed', accessId: null };
  const credential = await store.credentials.insert({ id: store.credentials.newId(), ...login });
  await store.credentials.grant(credential, databaseId, 'owner');
  await store.credentials.becomeActive(credential.id);
}
