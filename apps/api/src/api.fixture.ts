// An API over a store, with two teams and a server to place databases on, and a hand that ends actions as a worker
// would, by the store alone.
import type { RequestListener } from 'node:http';
import { type Context, createAccess, watchMeans } from '@berth/actions';
import { type AccessKind, newId, PlatformError, type Scope, Secret, systemClock } from '@berth/core';
import { openSender } from '@berth/queue';
import { type Health, NO_TRACING, openHealth, openLog, openMetrics } from '@berth/runtime';
import { hashToken, makeKey, makeToken, readKeyRing } from '@berth/secrets';
import {
  type Access,
  type AccessFields,
  type Action,
  type NewAccess,
  openStore,
  type Project,
  type Server,
  type Team,
} from '@berth/store';
import type { Express } from 'express';
import { Client } from 'pg';
import { appOf, type Serving } from './app';
import { cheapHash } from './http/cheap-hash.fixture';
import { openRateLimits, type RateLimitOptions } from './http/rate-limits';
import { openStreams, type StreamBounds, type Streams } from './http/streams';
import { overhear } from './witness.fixture';

const GIB = 1024n ** 3n;

export interface TestApi {
  /** Overheard: closing fails for an answer that the document does not tell of. */
  app: RequestListener;
  /** Of such answers. */
  complaints: Set<string>;
  context: Context & { health: Health };
  streams: Streams;
  /** Abort it to stop as a process stops. */
  stopping: AbortController;
  team: Team;
  otherTeam: Team;
  /** Of `team`. */
  project: Project;
  server: Server;
  /** Of the server's environment, `development`, and its only pool. */
  environmentId: string;
  /** A statement in the store, past all functions. */
  sql(text: string, values?: unknown[]): Promise<void>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** Default: the store. */
  queueUrl?: Secret;
  change?: Partial<Context>;
  /** Default: none. */
  rateLimits?: Partial<RateLimitOptions>;
  /** Default: the usual ones. */
  streamBounds?: Partial<StreamBounds>;
}

/** Opens an API over an empty store. Close it before the store. */
export async function openTestApi(
  storeUrl: Secret,
  { queueUrl, change, rateLimits, streamBounds }: TestApiOptions = {},
): Promise<TestApi> {
  const store = openStore({ url: storeUrl, connectionsMax: 10, process: 'api test' });
  const sender = openSender({ url: queueUrl ?? storeUrl, process: 'api test', onError: () => {} }); // the sender counts
  const keyRing = readKeyRing(makeKey('k1'));
  const stopping = new AbortController();
  const context = {
    clock: systemClock,
    health: openHealth({ isReady: () => true, stopping: stopping.signal }),
    hiddenQuarantine: [],
    keyRing,
    log: openLog('api test', 'silent'),
    metrics: openMetrics('api'),
    sender,
    store,
    tracing: NO_TRACING,
    ...change,
  };
  watchMeans(context, context);
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0, ...rateLimits });
  const streams = openStreams(context.metrics, streamBounds);
  const team = await store.catalog.ensureTeam('own');
  const otherTeam = await store.catalog.ensureTeam('other');
  const project = await store.catalog.ensureProject(team.id, 'default');
  await store.catalog.ensureProject(team.id, 'second');
  await store.catalog.ensureProject(otherTeam.id, 'default');
  const environment = await store.catalog.ensureEnvironment('development');
  await store.catalog.ensurePlan({ name: 'small', engine: 'postgresql', sizeBytesMax: GIB, connectionsMax: 20 });
  const server = await addServer(context, 'first', environment.id);
  const { app, complaints } = overhear(appOf({ ...context, limits, stopping: stopping.signal, streams }));
  return {
    app,
    complaints,
    context,
    streams,
    stopping,
    team,
    otherTeam,
    project,
    server,
    environmentId: environment.id,
    async sql(text, values = []) {
      const client = new Client({ connectionString: storeUrl.reveal() });
      await client.connect();
      await client.query(text, values);
      await client.end();
    },
    async close() {
      await sender.close();
      await store.close();
      if (complaints.size > 0) throw new Error(`The document is not true:\n${[...complaints].join('\n')}`);
    },
  };
}

/** Another app over the same store, which remembers nothing yet: with other limits, or set up otherwise. */
export function appBeside({ context, stopping }: TestApi, change: Partial<Serving>): Express {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  return appOf({ ...context, limits, stopping: stopping.signal, ...change });
}

/** So many more databases like the one of this name, by the store alone: `<name>-1` and so on, the oldest first. */
export async function addMany(api: TestApi, name: string, count: number): Promise<void> {
  await api.sql(
    `INSERT INTO databases (id, team_id, project_id, environment_id, plan_id, server_id, engine, name, engine_name, state)
      SELECT 'db_' || lpad(to_hex(n), 26, '0'), team_id, project_id, environment_id, plan_id, server_id, engine,
        name || '-' || n, engine_name || '_' || n, state
      FROM databases, generate_series(1, $2::int) n WHERE name = $1 ORDER BY n`,
    [name, count],
  );
}

/** One more environment that has a server. Returns its id. */
export async function addEnvironment({ context }: TestApi, name: string): Promise<string> {
  const environment = await context.store.catalog.ensureEnvironment(name);
  await addServer(context, `${name}-server`, environment.id);
  return environment.id;
}

/** An active server in a pool of this environment, on which nothing was found to differ. The API never opens its admin access. */
export async function addServer({ store }: Context, name: string, environmentId: string): Promise<Server> {
  const pool = await store.catalog.ensurePool(`${name}-pool`, 'postgresql', environmentId);
  const id = store.servers.newId();
  const place = {
    host: `${id}.example.org`,
    port: 5432,
    tls: 'require',
    adminSealed: 'sealed',
    sizeBytesMax: 1_000n * GIB,
  };
  const server = await store.servers.insert({ id, name, engine: 'postgresql', poolId: pool.id, ...place });
  await store.servers.becomeChecked(id, { identity: id, version: '18.4', connectionsMax: 10_000, cannot: [] });
  await store.drifts.keep(id, newId('action'), NO_DIFFERENCES);
  return server;
}

const NO_DIFFERENCES = {
  lost: [],
  unknown: [],
  altered: [],
  counts: { lost: 0, unknown: 0, altered: 0 },
  passed_over: 0,
};

export interface NewToken {
  team?: Team;
  scopes: Scope[];
  expiresAt?: Date;
  /** Default true: engine, plan, environment and project of the fixture. */
  hasDefaults?: boolean;
}

/** A token, and the access it opens. */
export async function makeAccess(api: TestApi, asked: NewToken): Promise<{ token: Secret; access: Access }> {
  const token = makeToken();
  const access = await api.context.store.accesses.ensureBearer({
    teamId: (asked.team ?? api.team).id,
    name: 'an access',
    person: 'caller@example.org',
    secretHash: hashToken(token),
    scopes: asked.scopes,
    defaults: await defaultsOf(api, asked),
    expiresAt: asked.expiresAt ?? null,
  });
  return { token, access };
}

/** An access that is opened in any of the ways, made as operators make it, and what it is opened with. */
export async function makeAccessOf(
  api: TestApi,
  kind: AccessKind,
  asked: NewToken & { login?: string; password?: string; limits?: { project?: string; environment?: string } },
): Promise<{ secret: Secret; access: Access }> {
  const { token: operator } = await makeAccess(api, { scopes: ['operator'], hasDefaults: false });
  const caller = await api.context.store.accesses.findBearer(hashToken(operator));
  if (caller === null) throw new Error('The operator has no access.');
  const { engine, environmentId, planId, projectId } = await defaultsOf(api, asked);
  const { access, made } = await createAccess(api.context, caller, {
    team: (asked.team ?? api.team).id,
    name: 'an access',
    person: 'caller@example.org',
    scopes: asked.scopes,
    kind,
    ...(asked.login !== undefined && { login: asked.login }),
    ...(asked.password !== undefined && { password: new Secret(asked.password) }),
    limits: asked.limits ?? {},
    defaults: {
      engine: engine ?? null,
      environment: environmentId ?? null,
      plan: planId ?? null,
      project: projectId ?? null,
    },
    expires_at: asked.expiresAt ?? null,
  });
  return { secret: made ?? new Secret(asked.password ?? ''), access };
}

export interface NewLogin extends NewToken {
  login: string;
  password: string;
  /** Default: one that is cheap to prove. */
  secretHash?: string;
  seesQuarantine?: boolean;
}

/** An access that is opened by a login and a password. */
export async function makeBasicAccess(api: TestApi, asked: NewLogin): Promise<Access> {
  const secretHash = asked.secretHash ?? cheapHash(asked.password);
  const owner = { id: newId('access'), teamId: (asked.team ?? api.team).id, person: 'caller@example.org' };
  const fields = { ...(await fieldsOf(api, asked)), sees_quarantine: asked.seesQuarantine ?? false };
  return api.context.store.accesses.insert({ ...owner, secretHash, kind: 'basic', login: asked.login }, fields);
}

async function fieldsOf(api: TestApi, asked: NewToken): Promise<AccessFields> {
  const { engine, environmentId, planId, projectId } = await defaultsOf(api, asked);
  return {
    name: 'an access',
    scopes: asked.scopes,
    limit_project_id: null,
    limit_environment_id: null,
    default_engine: engine ?? null,
    default_environment_id: environmentId ?? null,
    default_plan_id: planId ?? null,
    default_project_id: projectId ?? null,
    default_pool_id: null,
    sees_quarantine: false,
    expires_at: asked.expiresAt ?? null,
  };
}

async function defaultsOf(api: TestApi, { team, hasDefaults }: NewToken): Promise<NewAccess['defaults']> {
  if (hasDefaults === false) return {};
  const { catalog } = api.context.store;
  const plan = await catalog.findPlan('small', 'postgresql');
  const project = await catalog.findProject((team ?? api.team).id, 'default');
  return {
    engine: 'postgresql',
    environmentId: api.environmentId,
    ...(plan !== null && { planId: plan.id }),
    ...(project !== null && { projectId: project.id }),
  };
}

/** A worker's claim. */
export async function claim({ context }: TestApi, actionId: string): Promise<Action> {
  const claimed = await context.store.actions.claim(actionId, 'a worker');
  if (claimed === null) throw new PlatformError('claim_lost', `It is not the turn of ${actionId}.`);
  return claimed;
}

/** Ends an action well, with what it was about, as its kind would. Claims it first. */
export async function succeed(api: TestApi, actionId: string): Promise<void> {
  const claimed = await claim(api, actionId);
  const { database_id: databaseId, credential_id: credentialId } = claimed;
  await api.context.store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    const facts = { sizeBytes: 7_000_000, charset: 'UTF8', collation: 'C.UTF-8' };
    if (['database_create', 'database_adopt'].includes(claimed.kind) && databaseId !== null)
      await tx.databases.becomeAvailable(databaseId, facts);
    if (claimed.kind === 'database_quarantine' && databaseId !== null)
      await tx.databases.becomeQuarantined(databaseId, 7);
    if (claimed.kind === 'database_restore' && databaseId !== null) await tx.databases.becomeRestored(databaseId);
    if (claimed.kind === 'database_delete' && databaseId !== null) await tx.databases.becomeDeleted(databaseId);
    if (claimed.kind === 'credential_delete' && credentialId !== null) await tx.credentials.becomeDeleted(credentialId);
    if (claimed.kind === 'database_update' && databaseId !== null)
      await tx.databases.adoptPendingPlan(databaseId, facts);
    if (claimed.kind === 'grant_create' || claimed.kind === 'grant_delete') {
      const grant = await tx.grants.find(credentialId ?? '', databaseId ?? '');
      const settle = claimed.kind === 'grant_create' ? tx.grants.becomeGranted : tx.grants.revoke;
      if (grant !== null) await settle(grant.id);
    } else if (/_(create|adopt)$/.test(claimed.kind) && credentialId !== null)
      await tx.credentials.becomeActive(credentialId);
  });
}
