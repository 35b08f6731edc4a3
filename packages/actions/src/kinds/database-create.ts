// database_create: a database on a server chosen now, with a first login where the dialect wants one. It ends with a
// check: the login works, and fails on every database that is not its own.
import { type EngineName, PlatformError } from '@berth/core';
import type { DatabaseRef, DatabaseSpec, LoginRef } from '@berth/engines/contract';
import { rulesOf } from '@berth/engines/rules';
import { makePassword } from '@berth/secrets';
import type { Access, Action, CredentialView, DatabaseView, Nouns } from '@berth/store';
import { type AskedCharset, readCharset } from '../charset';
import { chooseDatabaseName, chooseLoginName, chooseWished, reserveName, type WishedLogin } from '../engine-names';
import { type Kind, openSecret, type Planning, sealSecret, type Work } from '../kind';
import { type Candidate, choose, confirmRoom, listCandidates, lockCandidates, noRoom } from '../placement';
import { type Asked, type Resolved, resolve } from '../resolve';
import { describeDatabase } from './change';
import {
  GIVEN_LOGINS_STEPS,
  type Given,
  type GivenLogin,
  grantGiven,
  isolateGiven,
  limitGiven,
  listGiven,
  lockGiven,
  proveGiven,
  takeBackGiven,
  withdrawGiven,
} from './given-logins';
import { makeLogin } from './login-steps';
import { refuseOverQuota, refuseReturnOverQuota } from './quota';
import { databaseRef, engineOf, getCredential, getDatabase, loginRef, requiredAccess } from './subjects';

export interface DatabaseCreateInput extends Asked, AskedCharset {
  name: string;
  /**
   * Whether a name will do that its engine reserves, or that a database of the engine's own has: on the server it is then
   * called otherwise. Default: it is refused.
   */
  mayBeReserved?: true;
  /** Whether it is deleted at once when it cannot be made, for callers who could not delete it. Default: it is kept for a while. */
  dropWhenFailed?: true;
  labels?: Record<string, string> | undefined;
  ownerLogin: 'auto' | 'none';
  /** What that first login is called. Default: as the database. */
  owner?: WishedLogin | undefined;
  /** Pins the server; otherwise one is chosen among the active ones of the environment (and pool). */
  serverId?: string | undefined;
  /** Logins of that server that get a role in it, where it has no first login of its own. */
  logins?: GivenLogin[] | undefined;
}

const DATABASE_STEPS = ['reserve_names', 'create_database'];
const LOGIN_STEPS = ['create_login', 'check_login', 'check_isolation'];

/** Not safe to repeat: a second request for the same name throws `name_taken`. And what `lockGiven` throws. */
export const databaseCreate: Kind<DatabaseCreateInput> = {
  name: 'database_create',

  async plan(planning, input) {
    const { tx } = planning;
    const access = requiredAccess(planning.requester);
    const resolved = await resolve(tx, access, input);
    refuseReservedName(resolved, input);
    const { charset, collation } = readCharset(resolved.engine, input);
    const given = await lockGiven(tx, access, input);
    await refuseOverQuota(tx, access.team_id);
    await tx.databases.lockName(input.name);
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
      askedCharset: charset,
      askedCollation: collation,
      labels: input.labels ?? {},
      accessId: access.id,
      ...(input.dropWhenFailed && { dropWhenFailed: true }),
    });
    for (const { credential, role } of given) await tx.grants.propose(credential, database.id, role);
    const withLogin = input.ownerLogin === 'auto';
    const { project, environment, plan } = resolved;
    const made = describeDatabase({ ...database, project, environment, plan, server });
    return {
      engine: resolved.engine,
      teamId: access.team_id,
      databaseId: database.id,
      confirm: () => confirmRoom(tx, resolved, server.id, input.serverId),
      credentialId: withLogin ? await planOwner(planning, access, resolved, server, database, input.owner) : null,
      serverId: server.id,
      stepNames: [
        ...DATABASE_STEPS,
        ...(withLogin ? LOGIN_STEPS : []),
        ...(given.length > 0 ? GIVEN_LOGINS_STEPS : []),
      ],
      change: { before: null, after: given.length === 0 ? made : { ...made, grants: describeGiven(given) } },
    };
  },

  async perform(work) {
    const { action, keyRing, session, store } = work;
    const [stored, credential] = await Promise.all([
      getDatabase(store, action.database_id),
      action.credential_id === null ? null : getCredential(store, action.credential_id),
    ]);
    let database = databaseRef(stored);
    let login = credential === null ? null : loginRef(credential);
    await work.step('reserve_names', async () => {
      database = await reserveDatabaseName(work, stored);
      if (credential === null) return { database: database.name };
      login = await reserveLoginName(work, engineOf(stored), credential);
      return { database: database.name, login: login.name };
    });
    let facts = { charset: '', collation: '', sizeBytes: 0 };
    await work.step('create_database', async () => {
      facts = await session.ensureDatabase(specOf(stored, database));
      return { name: database.name, charset: facts.charset, collation: facts.collation, size_bytes: facts.sizeBytes };
    });
    if (credential !== null && login !== null) {
      const password = openSecret(keyRing, credential.id, credential.secret_sealed ?? '');
      const named = { ...login, connectionsMax: stored.plan.connections_max };
      await work.step('create_login', () => makeLogin(session, database, named, password, 'owner'));
      await work.step('check_login', () => session.proveLogin(database, named, password, 'owner'));
      await work.step('check_isolation', () => session.proveIsolation(named, password));
    }
    const given = action.step_names.includes('grant_logins') ? await letGivenIn(work, database) : [];
    return async (tx) => {
      await tx.databases.becomeAvailable(stored.id, facts);
      for (const { grantId } of given) await tx.grants.becomeGranted(grantId);
      if (action.credential_id !== null) await tx.credentials.becomeActive(action.credential_id);
    };
  },

  async fail(work) {
    await takeBackGiven(work);
    return (tx) => giveUp(tx, work.action);
  },
  withdraw: giveUp,
  async revive(tx, action) {
    if (action.step_names.includes('grant_logins')) {
      const advice = 'Delete the database and ask for it anew.';
      throw new PlatformError('contradicts', `The logins it was to be given were withdrawn when it failed. ${advice}`);
    }
    const database = await getDatabase(tx, action.database_id);
    await refuseReturnOverQuota(tx, database);
    await tx.databases.withdrawDelete(database); // its clean-up may have been asked for, and failed
    await tx.databases.becomeCreating(database.id);
    if (action.credential_id !== null) await tx.credentials.becomeCreating(action.credential_id);
  },
};

async function giveUp(tx: Nouns, action: Action): Promise<void> {
  if (action.database_id !== null) await tx.databases.becomeFailed(action.database_id);
  if (action.credential_id !== null) await tx.credentials.becomeFailed(action.credential_id);
  await withdrawGiven(tx, action);
}

/** The logins it is given, as the audit tells of grants. */
function describeGiven(given: Awaited<ReturnType<typeof lockGiven>>) {
  return given.map(({ credential, role }) => ({ credential_id: credential.id, role }));
}

/** Lets in those that it is given, and proves it. Returns them. */
async function letGivenIn({ action, keyRing, session, step, store }: Work, database: DatabaseRef): Promise<Given[]> {
  const given = await listGiven(store, keyRing, action.database_id ?? '');
  await step('grant_logins', () => grantGiven(session, database, given));
  await step('limit_logins', () => limitGiven(session, store, given));
  await step('check_logins', () => proveGiven(session, database, given));
  await step('check_logins_isolation', () => isolateGiven(session, given));
  return given;
}

function refuseReservedName({ engine }: Resolved, { mayBeReserved, name }: DatabaseCreateInput): void {
  if (mayBeReserved || !rulesOf(engine).isReserved(name)) return;
  const message = `"${name}" is reserved by ${engine} or by Berth; choose another name`;
  throw new PlatformError('invalid_request', `The name is reserved.`, { fields: [{ field: 'name', message }] });
}

/** A first try holds its room up to nobody: it looks, writes beside others, and confirms. */
async function chooseServer(planning: Planning, resolved: Resolved, input: DatabaseCreateInput): Promise<Candidate> {
  const { tx, locksFirst } = planning;
  if (input.serverId !== undefined) await refuseInactive(tx, resolved, input.serverId);
  if (locksFirst) await lockCandidates(tx, resolved, input.serverId);
  const candidates = await listCandidates(tx, resolved, input.serverId);
  const chosen = choose(candidates);
  if (chosen === null) throw noRoom(candidates, resolved);
  return chosen;
}

async function refuseInactive(tx: Nouns, { engine }: Resolved, serverId: string): Promise<void> {
  const pinned = await tx.servers.find(serverId);
  if (pinned?.state === 'active' && pinned.engine === engine) return;
  throw new PlatformError(
    'no_server',
    'The server named is not active for this engine. Look at it with POST /v1/servers/:id/preflight, or name none.',
  );
}

/** What it is made with, by the name that was settled on. */
function specOf({ asked_charset, asked_collation, plan }: DatabaseView, database: DatabaseRef): DatabaseSpec {
  return {
    ...database,
    connectionsMax: plan.connections_max,
    ...(asked_charset !== null && { charset: asked_charset }),
    ...(asked_collation !== null && { collation: asked_collation }),
  };
}

/** The first login: its name, its sealed password and its grant are stored before the engine hears of them. */
export async function planOwner(
  { tx, keyRing }: Planning,
  access: Access,
  { engine }: Resolved,
  server: { id: string },
  database: { id: string; engine_name: string },
  owner?: WishedLogin,
): Promise<string> {
  const id = tx.credentials.newId();
  const wished = owner === undefined ? database.engine_name : await chooseWished(tx, server.id, owner, id);
  const name = await chooseLoginName(tx, engine, server.id, wished, id);
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

function reserveDatabaseName({ session, store }: Work, database: DatabaseView): Promise<DatabaseRef> {
  const observe = session.observeDatabase.bind(session);
  return reserveName(engineOf(database), databaseRef(database), observe, store.databases.renameOnEngine);
}

/** What the login is called on its server: see `reserveName`. */
export function reserveLoginName(
  { session, store }: Work,
  engine: EngineName,
  credential: CredentialView,
): Promise<LoginRef> {
  const observe = session.observeLogin.bind(session);
  return reserveName(engine, loginRef(credential), observe, store.credentials.renameOnEngine);
}
