// database_adopt: a database that somebody else made, taken under management with a login of its own. Its data, and who had it
// before, stay as they are.
import { type EngineName, fieldError, PlatformError } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import type { Access, Action, Nouns } from '@berth/store';
import { type Kind, openSecret, type Planning } from '../kind';
import { confirmRoom, listCandidates, noRoom } from '../placement';
import { type Asked, refuseTooSmall, resolve } from '../resolve';
import { describeDatabase } from './change';
import { planOwner, reserveLoginName } from './database-create';
import { makeLogin } from './login-steps';
import { refuseOverQuota } from './quota';
import { databaseRef, engineOf, getCredential, getDatabase, isOperator, requiredAccess } from './subjects';

export interface DatabaseAdoptInput extends Pick<Asked, 'plan' | 'project'> {
  serverId: string;
  /** What it is called on its server. */
  engineName: string;
  /** What Berth is to call it. */
  name: string;
  /** Whose it is to be, by name or id; the caller's where it is left out. */
  team?: string | undefined;
  labels?: Record<string, string> | undefined;
}

/**
 * Operators alone. Throws `invalid_request` for a name that is the engine's, Berth's, or cannot be one; `name_taken` for one that
 * is managed here, also while it is quarantined or not really dropped yet; what a create throws for project, plan, quota and room.
 */
export const databaseAdopt: Kind<DatabaseAdoptInput> = {
  name: 'database_adopt',

  async plan(planning, input) {
    const { tx } = planning;
    const access = await accessFor(planning, input.team);
    const server = await tx.servers.find(input.serverId);
    if (server === null) throw new PlatformError('not_found', 'There is no such server.');
    const engine = engineOf(server);
    refuseUnadoptable(engine, input.engineName);
    const { plan, project } = input;
    const resolved = await resolve(tx, access, { engine, plan, project, environment: server.pool.environment_id });
    await refuseOverQuota(tx, access.team_id);
    await tx.databases.lockName(input.name);
    await refuseManaged(tx, server.id, input.engineName);
    const candidates = await listCandidates(tx, resolved, server.id);
    if (!candidates.some(({ fits }) => fits)) throw noRoom(candidates, resolved);
    const database = await tx.databases.insert({
      id: tx.databases.newId(),
      teamId: access.team_id,
      projectId: resolved.project.id,
      environmentId: resolved.environment.id,
      planId: resolved.plan.id,
      serverId: server.id,
      engine,
      name: input.name,
      engineName: input.engineName,
      ownerLogin: 'auto',
      askedCharset: null,
      askedCollation: null,
      labels: input.labels ?? {},
      accessId: access.id,
    });
    const credentialId = await planOwner(planning, access, resolved, server, database);
    return {
      engine,
      teamId: access.team_id,
      databaseId: database.id,
      credentialId,
      serverId: server.id,
      stepNames: [
        'observe_database',
        'reserve_names',
        'adopt_database',
        'create_login',
        'check_login',
        'check_isolation',
      ],
      confirm: () => confirmRoom(tx, resolved, server.id, server.id),
      change: { before: null, after: describeDatabase({ ...database, ...resolved, server }) },
    };
  },

  async perform(work) {
    const { action, keyRing, session, step, store } = work;
    const stored = await getDatabase(store, action.database_id);
    const credential = await getCredential(store, action.credential_id);
    const database = databaseRef(stored);
    const plan = await store.plans.find(stored.plan_id);
    let facts = { charset: '', collation: '', sizeBytes: 0 };
    await step('observe_database', async () => {
      const seen = (await session.observeDatabases()).find(({ name }) => name === database.name);
      if (seen === undefined) throw new PlatformError('not_found', `The server has no database "${database.name}".`);
      if (plan !== null) refuseTooSmall(plan, seen.sizeBytes);
      facts = { charset: seen.charset ?? '', collation: seen.collation ?? '', sizeBytes: seen.sizeBytes };
      return { size_bytes: seen.sizeBytes, users: seen.users, sessions: seen.sessions };
    });
    let login = { id: credential.id, name: credential.engine_username };
    await step('reserve_names', async () => {
      login = await reserveLoginName(work, engineOf(stored), credential);
      return { login: login.name };
    });
    const connectionsMax = stored.plan.connections_max;
    await step('adopt_database', async () => {
      const former = await store.databases.listGivenUp(stored.server_id, stored.engine_name);
      return session.ensureAdopted({ ...database, connectionsMax }, former);
    });
    const password = openSecret(keyRing, credential.id, credential.secret_sealed ?? '');
    const named = { ...login, connectionsMax };
    await step('create_login', () => makeLogin(session, database, named, password, 'owner'));
    await step('check_login', () => session.proveEntry(database, named, password, 'owner'));
    await step('check_isolation', () => session.proveIsolation(named, password));
    return async (tx) => {
      await tx.databases.becomeAvailable(stored.id, facts);
      await tx.credentials.becomeActive(credential.id);
    };
  },

  /** Nothing of it is left that somebody could delete, and with it the data. The login is ours, and goes; a mark may stay. */
  async fail({ action, log, session, store }) {
    const { id, engine_username: name } = await getCredential(store, action.credential_id);
    try {
      await session?.removeLogin({ id, name });
    } catch (error) {
      log.warn({ actionId: action.id, error }, 'The login of a database that was not adopted could not be dropped');
    }
    return (tx) => giveUp(tx, action);
  },
  withdraw: giveUp,
  revive: async () => {
    throw new PlatformError('contradicts', 'The database was left to itself. Ask anew: POST /v1/servers/:id/adopt.');
  },
};

async function giveUp(tx: Nouns, action: Action): Promise<void> {
  if (action.database_id !== null) await tx.databases.becomeDeleted(action.database_id);
  if (action.credential_id !== null) await tx.credentials.becomeDeleted(action.credential_id);
}

/** The operator as one of the team that the database is to belong to: that team's projects, and no defaults of his own place. */
async function accessFor({ requester, tx }: Planning, asked: string | undefined): Promise<Access> {
  const access = requiredAccess(requester);
  if (!isOperator(access)) throw new PlatformError('missing_scope', 'Databases are adopted by operators.');
  const own = { ...access, default_pool_id: null };
  if (asked === undefined) return own;
  const team = await tx.catalog.findTeam(asked);
  if (team === null) throw fieldError('unknown_reference', 'team', `There is no team "${asked}".`);
  return team.id === access.team_id ? own : { ...own, team_id: team.id, default_project_id: null };
}

function refuseUnadoptable(engine: EngineName, name: string): void {
  const rules = rulesOf(engine);
  if (rules.isSystemDatabase(name) || rules.isReserved(name)) {
    throw fieldError('invalid_request', 'engine_name', `"${name}" is ${engine}'s own, or Berth's.`);
  }
  if (rules.canBeDatabaseName(name)) return;
  throw fieldError('invalid_request', 'engine_name', `Berth gives no database of ${engine} a name like "${name}".`);
}

async function refuseManaged(tx: Nouns, serverId: string, engineName: string): Promise<void> {
  if (!(await tx.databases.isEngineNameHeld(serverId, engineName))) return;
  const message = `Berth manages "${engineName}" on this server; it may be quarantined, or not be dropped for good yet.`;
  throw fieldError('name_taken', 'engine_name', message);
}
