// What a journey runs on: a store of its own, a first team, a registered tenants' server, and real processes that it
// starts, hurts and stops as it likes.
import {
  type Context,
  databaseCreate,
  ensureFirstRows,
  openSecret,
  request,
  serverPreflight,
  waitForAction,
} from '@berth/actions';
import { type EngineName, NUDGE_LOST_MS, Secret, systemClock } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { openSender } from '@berth/queue';
import { NO_TRACING, openLog, openMetrics } from '@berth/runtime';
import { hashToken, makeKey, makeToken, readKeyRing } from '@berth/secrets';
import { type Access, type ActionWithSteps, openStore } from '@berth/store';
import { Client } from 'pg';
import { bundle, stopBundling } from './bundle';
import { eventually } from './eventually';
import { runAction } from './run-action';
import { openTestStore, type TestStore } from './stack';
import { onPostgresql } from './tenants/postgresql';
import type { TenantsView, TestEngine } from './tenants/tenants';
import { isStopped, startProcess, type TestProcess } from './test-process';
import { openTestQueue, type QueueKind } from './test-queue';

export interface Journey {
  context: Context;
  access: Access;
  token: Secret;
  /** BERTH_KEYS of its processes: one key, `k1`. */
  keys: Secret;
  serverId: string;
  /** Of its tenants' server. */
  engine: TestEngine;
  /** Of every request for a database there: the first access has other engines' defaults. */
  place: { engine: string; plan: string; environment: string };
  /** Its tenants' server, as the admin sees it. */
  view: TenantsView;
  storeUrl: string;
  /** BERTH_QUEUE_URL of its processes. */
  queueUrl: Secret;
  /** Everything that its processes have written. */
  output(): string;
  startWorker(): Promise<TestProcess>;
  /**
   * A worker process that hurts itself in this action, once; `fault` is `moment:step:SIGNAL`. A request's own nudge may
   * be lost and only maintenance repeats it: here it is said until the queue has it, so that no maintenance need run.
   */
  startVictim(actionId: string, fault: string): Promise<TestProcess>;
  /** A worker process takes all these actions, stops each at its `moment:step`, and is killed with -9 in the last of them. */
  killInAll(faults: Map<string, string>): Promise<void>;
  /** The same, and it is frozen there: by SIGCONT it goes on in all of them. Fulfils when it is frozen. */
  freezeInAll(faults: Map<string, string>): Promise<TestProcess>;
  /** Claims and runs an action in this process, as a worker would when its nudge comes. Starts no process. */
  runHere(id: string): Promise<ActionWithSteps>;
  /** `env` goes over the settings of the journey, by which maintenance looks at no server of its own accord. */
  startMaintenance(env?: Record<string, string>): Promise<TestProcess>;
  /** An API process. `fault` is `committed`: it dies after the first commit of a request, before its nudge. */
  startApi(fault?: string): Promise<TestProcess>;
  requestDatabase(name: string): Promise<ActionWithSteps>;
  /** The action when it has ended. Throws when it has not within `waitMs`, default 30 s. */
  ended(id: string, waitMs?: number): Promise<ActionWithSteps>;
  /** Lets the hold of an action run out now, as if its 30 s had passed by the store's clock. */
  letHoldRunOut(id: string): Promise<void>;
  /** As if what is queued had been nudged longer ago than a nudge is waited for. */
  letNudgesGrowOld(): Promise<void>;
  /** The URL of a credential, as the API would give it. */
  uriOf(credentialId: string): Promise<string>;
  close(): Promise<void>;
}

export interface JourneyOptions {
  /** The store, closed with the journey; default one of its own on the server of the run. */
  testStore?: TestStore;
  /** Default PostgreSQL, in the store. */
  queue?: QueueKind;
  /** A queue of the file's own, closed by the file. */
  queueUrl?: Secret;
  /** Default PostgreSQL. */
  engine?: TestEngine;
  /** The tenants' server; default the one of the run. */
  engineUrl?: string;
  /** System databases that stay open there; default none. */
  openDatabases?: string[];
  /** Settings of its processes, over those of journeys. */
  env?: Record<string, string>;
  /** Default true. False leaves the server unregistered. */
  registerServer?: boolean;
}

const SWEEP_MS = '200';

/** Opens a journey. Close it in afterAll: it stops what it started and drops its store. */
export async function openJourney(options: JourneyOptions = {}): Promise<Journey> {
  const { engine = onPostgresql } = options;
  const testStore = options.testStore ?? (await openTestStore());
  const key = makeKey('k1');
  const store = openStore({ url: testStore.secretUrl, connectionsMax: 5, process: 'journey' });
  const queue = await openTestQueue(options.queue ?? 'PostgreSQL', testStore);
  const queueUrl = options.queueUrl ?? queue.url;
  const sender = openSender({ url: queueUrl, process: 'journey', onError: () => {} }); // counted by the sender
  const keyRing = readKeyRing(key);
  const context: Context = {
    clock: systemClock,
    hiddenQuarantine: [],
    keyRing,
    log: openLog('journey', 'silent'),
    metrics: openMetrics('journey'),
    sender,
    store,
    tracing: NO_TRACING,
  };
  const urls = { BERTH_STORE_URL: testStore.url, BERTH_QUEUE_URL: queueUrl.reveal() };
  const processes = openProcesses({ ...urls, BERTH_KEYS: key.reveal(), ...options.env }, engine.name);
  const journey: Berthless = {
    ...processes,
    ...actionsOf(context, engine),
    context,
    engine,
    place: { engine: engine.name, plan: 'small', environment: 'development' },
    view: engine.view(options.engineUrl ?? engine.sharedUrl()),
    ...victimsOf(context, processes),
    token: makeToken(),
    keys: key,
    storeUrl: testStore.url,
    queueUrl,
    ...timesOf(testStore),
    async close() {
      await processes.close();
      await sender.close();
      await queue.close();
      await store.close();
      await testStore.close();
    },
  };
  try {
    await sender.queues([engine.name]); // as an API does: the first word would be lost while it opens
    const access = await makeFirstAccess(context, journey.token);
    const serverId = options.registerServer === false ? '' : await registerServer(journey, access, options);
    const requestDatabase = (name: string) =>
      request(context, databaseCreate, { ...journey.place, name, ownerLogin: 'auto' }, access);
    return { ...journey, access, serverId, requestDatabase };
  } catch (error) {
    await journey.close();
    throw error;
  }
}

/** A journey before it has rows. */
type Berthless = Omit<Journey, 'access' | 'serverId' | 'requestDatabase'>;

async function makeFirstAccess({ store }: Context, token: Secret): Promise<Access> {
  await ensureFirstRows(store, token, 'journey@example.org');
  const access = await store.accesses.findBearer(hashToken(token));
  if (access === null) throw new Error('The first access is not in the store.');
  return access;
}

/** What maintenance does of its own accord, and journeys do not expect. One that does says so. */
const QUIET = { BERTH_REFRESH_INTERVAL_MINUTES: '0' };

/** Processes with the same environment, those of one journey for instance. Close it in afterAll. */
export function openProcesses(own: Record<string, string>, engine: EngineName = 'postgresql') {
  const environment = { BERTH_PORT: '0', BERTH_SWEEP_INTERVAL_MS: SWEEP_MS, ...QUIET, ...own };
  const processes: TestProcess[] = [];
  const bundles = new Map<string, Promise<string>>();
  const start = async (entry: string, extra: Record<string, string> = {}) => {
    const file = bundles.get(entry) ?? bundle(entry);
    bundles.set(entry, file);
    const started = await startProcess(await file, { ...environment, ...extra });
    processes.push(started);
    return started;
  };
  return {
    startWorker: (fault = '', extra: Record<string, string> = {}) =>
      start(`packages/testing/src/faults/worker-${engine}.ts`, { BERTH_TEST_FAULT: fault, ...extra }),
    startMaintenance: (env?: Record<string, string>) => start('apps/maintenance/src/main.ts', env),
    startApi: (fault?: string) =>
      start('packages/testing/src/faults/api.ts', fault === undefined ? {} : { BERTH_TEST_FAULT: fault }),
    output: () => processes.map((each) => each.output()).join(''),
    async close() {
      await Promise.allSettled(bundles.values());
      await stopBundling();
      await Promise.all(processes.map((started) => started.stop()));
    },
  };
}

/** As if time had passed by the store's clock, which no test can set. */
function timesOf({ url }: TestStore) {
  return {
    async letHoldRunOut(id: string) {
      const sql = `UPDATE actions SET held_until = now() - interval '1 ms' WHERE id = $1 AND state = 'running'`;
      await withClient(url, (client) => client.query(sql, [id]));
    },
    async letNudgesGrowOld() {
      const sql = `UPDATE actions SET nudged_at = now() - ${NUDGE_LOST_MS + 1} * interval '1 ms' WHERE state = 'queued'`;
      await withClient(url, (client) => client.query(sql));
    },
  };
}

/** Workers that hurt themselves. They take their actions all at once. */
function victimsOf({ sender, store }: Context, { startWorker }: ReturnType<typeof openProcesses>) {
  async function nudge(actionId: string): Promise<void> {
    const action = await store.actions.find(actionId);
    if (action === null) throw new Error(`There is no action ${actionId}.`);
    await eventually(() => sender.send(action), { what: 'the queue to take the nudge' });
  }
  async function startIn(signal: NodeJS.Signals, faults: Map<string, string>): Promise<TestProcess> {
    for (const id of faults.keys()) await nudge(id);
    const fault = `${signal}@${[...faults].map(([id, at]) => `${id}=${at}`).join(',')}`;
    return startWorker(fault, { BERTH_WORKER_CONCURRENCY: '100', BERTH_SERVER_CONCURRENCY: '99' });
  }
  return {
    async startVictim(actionId: string, fault: string) {
      await nudge(actionId);
      return startWorker(fault);
    },
    async killInAll(faults: Map<string, string>) {
      await (await startIn('SIGKILL', faults)).ended;
    },
    async freezeInAll(faults: Map<string, string>) {
      const victim = await startIn('SIGSTOP', faults);
      await eventually(() => isStopped(victim.pid), { what: 'the worker to freeze' });
      return victim;
    },
  };
}

/** What a journey does with actions in this process, by the same functions as the product. */
function actionsOf(context: Context, engine: TestEngine) {
  const { store, keyRing } = context;
  return {
    async ended(id: string, waitMs = 30_000) {
      const action = await waitForAction(store, systemClock, id, waitMs);
      if (action.ended_at !== null) return action;
      throw new Error(`${action.kind} ${id} is ${action.state} after ${waitMs} ms (claim ${action.claim})`);
    },
    runHere: (id: string) => runAction(context, id),
    async uriOf(credentialId: string) {
      const credential = await store.credentials.find(credentialId);
      const server = await store.servers.find(credential?.server_id ?? '');
      const database = credential?.grants[0]?.database.engine_name;
      if (credential?.secret_sealed == null || server === null || database === undefined)
        throw new Error('no such login');
      const { host, port } = server;
      const password = openSecret(keyRing, credentialId, credential.secret_sealed);
      const facts = { host, port, tls: 'disable' as const, username: credential.engine_username, password, database };
      return rulesOf(engine.name).connectionUrl(facts).reveal();
    },
  };
}

/** Registers the tenants' server and has it checked. */
async function registerServer(
  journey: Berthless,
  access: Access,
  { engine = onPostgresql, engineUrl = engine.sharedUrl(), openDatabases = [] }: JourneyOptions,
): Promise<string> {
  const register = {
    name: 'tenants',
    engine: engine.name,
    pool: `${engine.name}-development`,
    adminUrl: new Secret(engineUrl),
    openDatabases,
    sizeBytesMax: null,
  };
  const action = await request(journey.context, serverPreflight, { register }, access);
  const { state, error_message } = await journey.runHere(action.id);
  if (state !== 'succeeded') throw new Error(`The preflight of the tenants' server failed: ${error_message}`);
  return action.server_id;
}

/** Runs `work` on a connection of its own and closes it, whatever happens. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {}); // a session that Berth ends is what some journeys are about
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
