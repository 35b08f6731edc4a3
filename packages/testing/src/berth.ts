// A whole Berth for one test file: api, worker and maintenance as processes, a store and a tenants' server of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureFirstRows } from '@berth/actions';
import type { Secret } from '@berth/core';
import { makeKey, makeToken } from '@berth/secrets';
import { openStore } from '@berth/store';
import { ROOT } from './house/source-files';
import { openTestStore, type TestStore } from './stack';
import { onPostgresql, serverOver } from './tenants/postgresql';
import type { TenantsServer, TestEngine } from './tenants/tenants';
import { openTestPostgresql, type TestPostgresql } from './test-postgresql';
import { startProcess, type TestProcess } from './test-process';
import { openTestQueue, type QueueKind, type TestQueue } from './test-queue';

export const APPS = ['api', 'worker-postgresql', 'maintenance'];

export interface BerthOptions {
  /** Which apps to start; default: api, maintenance and the worker of the engine. */
  apps?: string[];
  /** Whether the tenants' server is registered and checked before the berth is handed over. Default: yes, if api and
   * worker run. */
  hasServer?: boolean;
  /** Of its worker and its tenants' server; default PostgreSQL. */
  engine?: TestEngine;
  /** Default PostgreSQL, in the store. */
  queue?: QueueKind;
  /** Settings over those of the tests. */
  env?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed JSON, or null for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: a test asks for what it expects, and fails where it is not there
  body: any;
}

export interface TestBerth {
  apiUrl: string;
  /** The first access: all scopes. */
  token: Secret;
  store: TestStore;
  queue: TestQueue;
  postgresql: TestPostgresql;
  /** Where its databases are: `postgresql`, or a server of another engine. */
  tenants: TenantsServer;
  /** Of every request for a database there. */
  place: { engine: string; plan: string; environment: string };
  /** Every process started so far, the ended ones too. */
  processes: TestProcess[];
  /** Starts one more process of an app, with settings over those of the berth. */
  start(app: string, env?: Record<string, string>): Promise<TestProcess>;
  /** One request with the first access; `headers` over its own. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Everything that all processes wrote. */
  output(): string;
  /** Stops what runs, drops the store, removes the server. */
  close(): Promise<void>;
}

/** Starts a berth. Close it in afterAll; when this throws, nothing is left. */
export async function startBerth(options: BerthOptions = {}): Promise<TestBerth> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'apps/launcher/prepare.mjs')]); // bundles as of now
  const { engine = onPostgresql } = options;
  const [store, postgresql] = await Promise.all([openTestStore(), openTestPostgresql()]);
  const tenants = engine === onPostgresql ? serverOver(postgresql) : await engine.openServer();
  const queue = await openTestQueue(options.queue ?? 'PostgreSQL', store);
  const berth = assemble({ store, queue, postgresql, tenants }, engine, options.env ?? {});
  try {
    const pool = await makeFirstRows(berth);
    const worker = `worker-${engine.name}`;
    const apps = options.apps ?? ['api', worker, 'maintenance'];
    await Promise.all(apps.map((app) => berth.start(app)));
    const isAble = apps.includes('api') && apps.includes(worker);
    if (options.hasServer ?? isAble)
      await registerServer(berth, engine === onPostgresql ? pool : `${engine.name}-development`);
    return berth;
  } catch (error) {
    await berth.close();
    throw error;
  }
}

type Servers = Pick<TestBerth, 'store' | 'queue' | 'postgresql' | 'tenants'>;

function assemble(servers: Servers, engine: TestEngine, over: Record<string, string>): TestBerth {
  const { store, queue, postgresql, tenants } = servers;
  const processes: TestProcess[] = [];
  const token = makeToken();
  const env = {
    BERTH_STORE_URL: store.url,
    BERTH_QUEUE_URL: queue.url.reveal(),
    BERTH_KEYS: makeKey('test').reveal(),
    BERTH_HOST: '127.0.0.1',
    BERTH_PORT: '0',
    BERTH_MIGRATE: 'refuse',
    BERTH_LOG_LEVEL: 'debug', // so that a search of the logs sees everything that could ever be written
    BERTH_SWEEP_INTERVAL_MS: '200',
    BERTH_REFRESH_INTERVAL_MINUTES: '0', // who wants servers looked at unasked says so
    ...over,
  };
  const berth: TestBerth = {
    token,
    store,
    queue,
    postgresql,
    tenants,
    place: { engine: engine.name, plan: 'small', environment: 'development' },
    processes,
    get apiUrl() {
      return processes.findLast(({ url }) => url !== null)?.url ?? '';
    },
    async start(app, more = {}) {
      const started = await startProcess(join(ROOT, 'dist', `${app}.js`), { ...env, ...more });
      processes.push(started);
      return started;
    },
    call: (method, path, body, headers) => call(berth, method, path, body, headers),
    output: () => processes.map((each) => each.output()).join(''),
    async close() {
      await Promise.all(processes.map((each) => each.stop()));
      const own = tenants.url === postgresql.url().reveal() ? [] : [tenants.close()];
      await Promise.all([queue.close(), store.close(), postgresql.close(), ...own]);
    },
  };
  return berth;
}

async function call(
  { apiUrl, token }: TestBerth,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, apiUrl), {
    method,
    headers: {
      authorization: `Bearer ${token.reveal()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

async function makeFirstRows({ store, token }: TestBerth): Promise<string> {
  const opened = openStore({ url: store.secretUrl, connectionsMax: 1, process: 'test' });
  try {
    const { poolNames } = await ensureFirstRows(opened, token, 'tests@localhost');
    return poolNames.development ?? '';
  } finally {
    await opened.close();
  }
}

async function registerServer(berth: TestBerth, pool: string): Promise<void> {
  const server = { name: 'first', engine: berth.place.engine, pool, admin_url: berth.tenants.url };
  const { status, body } = await berth.call('POST', '/v1/servers', server, { prefer: 'wait=20' });
  if (status === 200 && body.action.state === 'succeeded') return;
  throw new Error(`the server was not registered: ${status} ${JSON.stringify(body)}`);
}
