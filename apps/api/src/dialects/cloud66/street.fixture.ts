// The API's fixture as this face sees it: two environments, server groups of every sort, and a hand that ends actions
// by their numbers.
import type { Scope, Secret } from '@berth/core';
import type { Access, Server, Store, Team } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, claim as claimById, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { type Action, decode } from './decode.fixture';

const MIB = 1024n ** 2n;

export interface Street extends TestApi {
  store: Store;
  /** As superuser of the store, for what no function of it can bring about. */
  storeUrl: string;
  productionId: string;
  productionServer: Server;
  /** In development, never checked, so that nothing may be placed on it. */
  uncheckedServer: Server;
  /** In development, active, of an engine that this version has no worker for. */
  foreignServer: Server;
  /** Of `team`, with the scopes `public` and `admin` and no defaults. */
  token: Secret;
  access: Access;
}

/** Opens all of it over a store of its own; `close` closes the store too. */
export async function openStreet(): Promise<Street> {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl);
  const { store } = api.context;
  const close = async () => {
    await api.close();
    await testStore.close();
  };
  await store.catalog.ensurePlan({ name: 'tiny', engine: 'postgresql', sizeBytesMax: MIB, connectionsMax: 5 });
  const productionId = await addEnvironment(api, 'production');
  const { data } = await store.servers.listByPlace(productionId, 0, 1);
  const [productionServer] = data;
  if (productionServer === undefined) throw new Error('The environment has no server.');
  const foreignPool = await store.catalog.ensurePool('foreign pool', 'mongodb', api.environmentId);
  const foreignServer = await addServer(store, 'foreign', 'mongodb', foreignPool.id);
  await store.servers.becomeChecked(foreignServer.id, {
    identity: 'foreign',
    version: '8.0',
    connectionsMax: 100,
    cannot: [],
  });
  const uncheckedServer = await addServer(store, 'unchecked', 'postgresql', api.server.pool_id);
  const { token, access } = await makeAccess(api, { scopes: ['public', 'admin'], hasDefaults: false });
  const servers = { productionServer, uncheckedServer, foreignServer };
  return { ...api, store, storeUrl: testStore.url, productionId, ...servers, token, access, close };
}

/** Registered and no more. */
function addServer(store: Store, name: string, engine: string, poolId: string): Promise<Server> {
  const id = store.servers.newId();
  const place = { host: `${id}.example.org`, port: 5432, tls: 'require', adminSealed: 'sealed', sizeBytesMax: null };
  return store.servers.insert({ id, name, engine, poolId, ...place });
}

/** A new bearer token without defaults; of the street's team unless another is named. */
export async function newToken(street: Street, scopes: Scope[], team: Team = street.team): Promise<Secret> {
  const { token } = await makeAccess(street, { team, scopes, hasDefaults: false });
  return token;
}

/** Requests with this token. */
export function as(street: Street, token: Secret = street.token) {
  return request.agent(street.app).auth(token.reveal(), { type: 'bearer' });
}

export const API = '/cloud66/api/3';

/** The path of the stack of the token's team in this environment: its first project's. */
export async function stackPath(street: Street, environment: string, token: Secret = street.token): Promise<string> {
  const { body } = await as(street, token).get(`${API}/stacks`).expect(200);
  return `${API}/stacks/${decode.stacks(body).response.find((stack) => stack.environment === environment)?.uid}`;
}

/** Asks for a database by JSON and returns its action. */
export async function asked(street: Street, path: string, name: string, token = street.token): Promise<Action> {
  const { body } = await as(street, token).post(path).send({ database_name: name }).expect(200);
  return decode.action(body).response;
}

/** A worker's claim on the action of this number. */
export async function claim(street: Street, number: number) {
  const action = await street.store.actions.findByNumber(number);
  return claimById(street, action?.id ?? '');
}

const FACTS = { sizeBytes: 104857600, charset: 'UTF8', collation: 'C.UTF-8' };

/** Ends a create as a worker does: action and database in one commit. Returns the database's id. */
export async function succeedCreate(street: Street, number: number, facts = FACTS): Promise<string> {
  const claimed = await claim(street, number);
  const id = claimed.database_id ?? '';
  await street.store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    await tx.databases.becomeAvailable(id, facts);
    for (const { grants } of await tx.credentials.listOfDatabase(id)) {
      for (const grant of grants) if (grant.database_id === id) await tx.grants.becomeGranted(grant.id);
    }
  });
  return id;
}

/** Asks for a database user by JSON and returns its action. */
export async function askedUser(street: Street, path: string, body: object, token = street.token): Promise<Action> {
  const answer = await as(street, token).post(path).send(body).expect(200);
  return decode.action(answer.body).response;
}

/** Ends an action about a database user as a worker does. Returns the user's uid. */
export async function succeedUser(street: Street, number: number): Promise<string> {
  const action = await street.store.actions.findByNumber(number);
  await succeed(street, action?.id ?? '');
  return action?.credential_id ?? '';
}

/** Ends a create as a worker does that was refused. Returns the database's id. */
export async function failCreate(street: Street, number: number): Promise<string> {
  const claimed = await claim(street, number);
  const id = claimed.database_id ?? '';
  await street.store.transaction(async (tx) => {
    await tx.actions.fail(claimed, 'engine_refused', 'The server refused.');
    await tx.databases.becomeFailed(id);
  });
  return id;
}

/** A login on the database's server with a grant on it, as an active credential. */
export async function addLogin({ store }: Street, databaseId: string, username: string): Promise<void> {
  const database = await store.databases.find(databaseId);
  if (database === null) throw new Error('The database of this login is not in the store.');
  const { team_id: teamId, server_id: serverId } = database;
  const login = { teamId, serverId, username, engineUsername: username, secretSealed: 'sealed', accessId: null };
  const credential = await store.credentials.insert({ id: store.credentials.newId(), ...login });
  await store.credentials.grant(credential, databaseId, 'owner');
  await store.credentials.becomeActive(credential.id);
}
