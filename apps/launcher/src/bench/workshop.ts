// Where the benchmark measures without a whole Berth: one PostgreSQL with the settings of a real one, stores on it, and the
// processes that a measurement needs, started as the launcher starts them.
import { join } from 'node:path';
import type { Secret } from '@berth/core';
import { type App, type Postgresql, startApp, startPostgresql } from '@berth/embedded';
import { makeKey, makePassword } from '@berth/secrets';
import { migrate } from '@berth/store';
import { Client } from 'pg';
import type { Terminal } from '../terminal';
import { openBenchRedis } from './bench-redis';

export type Backend = 'postgresql' | 'redis';

export interface Workshop {
  postgresql: Postgresql;
  /** The backends that this machine can run. */
  backends: Backend[];
  /** A database with all migrations; of this name. */
  makeStore(name: string): Promise<Secret>;
  startApi(name: string, storeUrl: Secret, backend: Backend): Promise<App>;
  startBare(name: string, storeUrl: Secret, backend: Backend): Promise<App>;
  close(): Promise<void>;
}

/** The id of the key that every process has. */
export const KEY_ID = 'bench';
/** A minute's requests of one access: counted, as in use, and out of reach. */
const REQUESTS_PER_MINUTE = '10000000';

/** Starts PostgreSQL, and Redis where it is installed. Close it: the folder goes with it. */
export async function openWorkshop(terminal: Terminal, home: string): Promise<Workshop> {
  const postgresql = await startPostgresql({ home, name: 'store', superuserPassword: makePassword() });
  const redis = await openBenchRedis(home);
  if (redis === null)
    terminal.say('Redis is left out: there is no redis-server on this machine (apt-get install redis-server).');
  const key = makeKey(KEY_ID);
  const apps: App[] = [];
  const start = async (name: string, script: string, storeUrl: Secret, backend: Backend) => {
    const app = startApp({
      name,
      script: join(distFolder(), `${script}.js`),
      cwd: join(distFolder(), '..'),
      logFile: join(home, 'log', `${name}.log`),
      say: terminal.say,
      env: environmentOf(storeUrl, backend === 'redis' ? (redis?.url ?? '') : storeUrl.reveal(), key),
    });
    apps.push(app);
    await app.ready;
    return app;
  };
  return {
    postgresql,
    backends: redis === null ? ['postgresql'] : ['postgresql', 'redis'],
    async makeStore(name) {
      await ask(postgresql.url(), `CREATE DATABASE ${name}`);
      await migrate(postgresql.url(name), 'apply');
      return postgresql.url(name);
    },
    startApi: (name, storeUrl, backend) => start(name, 'api', storeUrl, backend),
    startBare: (name, storeUrl, backend) => start(name, 'launcher/bare-server', storeUrl, backend),
    async close() {
      await Promise.all(apps.map((app) => app.stop()));
      await redis?.close();
      await postgresql.stop();
    },
  };
}

/** One statement on a connection of its own. */
export async function ask(url: Secret, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url.reveal() });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function environmentOf(storeUrl: Secret, queueUrl: string, key: Secret): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    BERTH_STORE_URL: storeUrl.reveal(),
    BERTH_QUEUE_URL: queueUrl,
    BERTH_KEYS: key.reveal(),
    BERTH_PORT: '0',
    BERTH_METRICS_HOST: '127.0.0.1',
    BERTH_METRICS_PORT: '0',
    BERTH_REQUESTS_PER_MINUTE: REQUESTS_PER_MINUTE,
  };
}

// Bundled as dist/launcher/bench.js.
function distFolder(): string {
  return join(__dirname, '..');
}
