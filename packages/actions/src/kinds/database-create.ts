// database_create: a database on a server chosen now, with a first login where the dialect wants one. It ends with a
// check: the login works, and fails on every database that is not its own.
import { PlatformError } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { makePassword } from '@berth/secrets';
import type { Access, Server } from '@berth/store';
import { chooseDatabaseName, chooseLoginName, reserveName } from '../engine-names';
import { type Kind, openSecret, type Planning, sealSecret, type Work } from '../kind';
import { type Asked, type Resolved, resolve } from '../resolve';
import { makeLogin, proveLogin } from './login-steps';
import { databaseRef, engineOf, getCredential, getDatabase, loginRef, requiredAccess } from './subjects';

export interface DatabaseCreateInput extends Asked {
  name: string;
  labels?: Record<string, string> | undefined;
  ownerLogin: 'auto' | 'none';
  /** Pins the server; otherwise one is chosen among the active ones of the environment (and pool). */
  serverId?: string | undefined;
}

const DATABASE_STEPS = ['reserve_names', 'create_database'];
const LOGIN_STEPS = ['create_login', 'check_login', 'check_isolation'];

/** Not safe to repeat: a second request for the same name throws `name_taken`. */
export const databaseCreate: Kind<DatabaseCreateInput> = {
  name: 'database_create',

  async plan(planning, input) {
    const { tx } = planning;
    const access = requiredAccess(planning.requester);
    const resolved = await resolve(tx, access, input);
    refuseReservedName(resolved, input.name);
    const server = await chooseServer(planning, resolved, input);
    const id = tx.databases.newId();
    const database = await tx.databases.insert({
      id,
      teamId: access.team_id,
      projectId: resolved.project.id,
      environmentId: resolved.environment.id,
      planId: resolved.plan.id,
      serverId: server.id,
      engine: resolved.engine,
      name: input.name,
      engineName: await chooseDatabaseName(tx, resolved.engine, server.id, input.name, id),
      ownerLogin: input.ownerLogin,
      labels: input.labels ?? {},
      accessId: access.id,
    });
    const withLogin = input.ownerLogin === 'auto';
    return {
      engine: resolved.engine,
      teamId: access.team_id,
      databaseId: database.id,
      credentialId: withLogin ? await planOwner(planning, access, resolved, server, database) : null,
      serverId: server.id,
      stepNames: withLogin ? [...DATABASE_STEPS, ...LOGIN_STEPS] : DATABASE_STEPS,
    };
  },

  async perform(work) {
    const { action, session } = work;
    await work.step('reserve_names', () => reserveNames(work));
    const database = await getDatabase(work.store, action.database_id);
    let facts = { charset: '', collation: '', sizeBytes: 0 };
    await work.step('create_database', async () => {
      const spec = { ...databaseRef(database), connectionsMax: database.plan.connections_max };
      facts = await session.ensureDatabase(spec);
      return {
        name: database.engine_name,
        charset: facts.charset,
        collation: facts.collation,
        size_bytes: facts.sizeBytes,
      };
    });
    if (action.credential_id !== null) {
      const credential = await getCredential(work.store, action.credential_id);
      const password = openSecret(work.keyRing, credential.id, credential.secret_sealed ?? '');
      const login = loginRef(credential);
      await work.step('create_login', () => makeLogin(session, databaseRef(database), login, password));
      await work.step('check_login', () => proveLogin(session, databaseRef(database), login, password));
      await work.step('check_isolation', () => session.proveIsolation(login, password));
    }
    return async (tx) => {
      await tx.databases.becomeAvailable(database.id, facts);
      if (action.credential_id !== null) await tx.credentials.becomeActive(action.credential_id);
    };
  },

  async fail({ action }) {
    return async (tx) => {
      if (action.database_id !== null) await tx.databases.becomeFailed(action.database_id);
      if (action.credential_id !== null) await tx.credentials.becomeFailed(action.credential_id);
    };
  },
};

function refuseReservedName({ engine }: Resolved, name: string): void {
  const rules = rulesOf(engine);
  if (!rules.isReserved(name)) return;
  const message = `"${name}" is reserved by ${engine} or by Berth; choose another name`;
  throw new PlatformError('invalid_request', `The name is reserved.`, { fields: [{ field: 'name', message }] });
}

async function chooseServer({ tx }: Planning, resolved: Resolved, input: DatabaseCreateInput): Promise<Server> {
  const { engine, environment, pool } = resolved;
  if (input.serverId !== undefined) {
    const pinned = await tx.servers.lock(input.serverId);
    if (pinned?.state === 'active' && pinned.engine === engine) return pinned;
    throw new PlatformError(
      'no_server',
      'The server named is not active for this engine. Look at it with POST /v1/servers/:id/preflight, or name none.',
    );
  }
  const chosen = await tx.servers.chooseForDatabase({
    engine,
    environmentId: environment.id,
    poolId: pool?.id ?? null,
  });
  if (chosen !== null) {
    await tx.servers.lock(chosen.id); // names on one server are chosen one after another, whoever places or pins
    return chosen;
  }
  const where = pool === null ? `in environment ${environment.name}` : `in pool ${pool.name}`;
  const message = `No active ${engine} server ${where}. An operator registers one with POST /v1/servers.`;
  throw new PlatformError('no_server', message, { fields: [{ field: 'engine', message }] });
}

/** The first login: its name, its sealed password and its grant are stored before the engine hears of them. */
async function planOwner(
  { tx, keyRing }: Planning,
  access: Access,
  { engine }: Resolved,
  server: Server,
  database: { id: string; engine_name: string },
): Promise<string> {
  const id = tx.credentials.newId();
  const name = await chooseLoginName(tx, engine, server.id, database.engine_name, id);
  const credential = await tx.credentials.insert({
    id,
    teamId: access.team_id,
    serverId: server.id,
    username: name,
    engineUsername: name,
    secretSealed: sealSecret(keyRing, id, makePassword()),
    accessId: access.id,
  });
  await tx.credentials.grant(credential, database.id, 'owner');
  return credential.id;
}

async function reserveNames({ action, session, store }: Work) {
  const database = await getDatabase(store, action.database_id);
  const engine = engineOf(database);
  const observeDatabase = session.observeDatabase.bind(session);
  const { name } = await reserveName(engine, databaseRef(database), observeDatabase, store.databases.renameOnEngine);
  if (action.credential_id === null) return { database: name };
  const credential = await getCredential(store, action.credential_id);
  const observeLogin = session.observeLogin.bind(session);
  const login = await reserveName(engine, loginRef(credential), observeLogin, store.credentials.renameOnEngine);
  return { database: name, login: login.name };
}
