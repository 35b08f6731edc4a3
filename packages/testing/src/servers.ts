// The servers of one test run, in a temporary folder: a PostgreSQL for stores, one of each engine for tenants' databases,
// and a Redis.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgresql, placeBinaries, startPostgresql } from '@berth/embedded';
import { migrate } from '@berth/store';
import { Client } from 'pg';
import { bundlesFolder } from './bundle';
import { runFolderPrefix } from './memory-folder';
import { TEMPLATE_NAME } from './store-name';
import { startTestMariadb, type TestMariadb } from './test-mariadb';
import { startTestMongodb, type TestMongodb } from './test-mongodb';
import { PATTERN, startTenantsServer, TEST_PASSWORD, TEST_SETTINGS } from './test-postgresql';
import { startRedis, type TestRedis } from './test-redis';

export interface RunServers {
  home: string;
  store: Postgresql;
  postgresql: Postgresql;
  /** What both run. */
  postgresProgram: string;
  /** MongoDB where there is one, else the double. */
  mongodb: TestMongodb;
  /** Null where this machine has none. */
  redis: TestRedis | null;
  /** Null where this machine has none. */
  mariadb: TestMariadb | null;
  /** Stops them and removes their folder. */
  close(): Promise<void>;
}

/** Each file that uses Redis takes a database of its own, by number. */
const REDIS_DATABASES = '10000';

/** Starts the servers and makes the template that stores are cloned from. Leaves nothing behind when it throws. */
export async function startServers(has: { redis: boolean; mariadb: boolean }): Promise<RunServers> {
  const home = await mkdtemp(join(tmpdir(), runFolderPrefix(process.pid)));
  const started: Postgresql[] = [];
  let redis: TestRedis | null = null;
  let mariadb: TestMariadb | null = null;
  let mongodb: TestMongodb | null = null;
  const close = async () => {
    const others = [redis, mariadb, mongodb].map((server) => server?.close());
    await Promise.all([...others, ...started.map((server) => server.stop('immediate'))]);
    for (const folder of [bundlesFolder(home), home]) await rm(folder, { recursive: true, force: true });
  };
  try {
    const { postgres: postgresProgram } = await placeBinaries(home);
    // two data directories with identities of their own: Berth refuses to provision on the server that holds its store
    const [store, pattern] = await Promise.all([
      startPostgresql({ home, name: 'store', superuserPassword: TEST_PASSWORD, settings: TEST_SETTINGS }),
      startPostgresql({ home, name: PATTERN, superuserPassword: TEST_PASSWORD, settings: TEST_SETTINGS }),
    ]);
    started.push(store);
    await pattern.stop();
    const postgresql = await startTenantsServer(home, 'tenants');
    started.push(postgresql);
    if (has.redis) redis = await startRedis(home, { databases: REDIS_DATABASES });
    if (has.mariadb) mariadb = await startTestMariadb(home);
    mongodb = await startTestMongodb(home);
    await makeTemplate(store);
    return { home, store, postgresql, postgresProgram, redis, mariadb, mongodb, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeTemplate(store: Postgresql): Promise<void> {
  await administer(store, `CREATE DATABASE "${TEMPLATE_NAME}" TEMPLATE template0`);
  await migrate(store.url(TEMPLATE_NAME), 'apply');
  // shut and emptied, because a template with a session inside cannot be cloned
  await administer(store, `ALTER DATABASE "${TEMPLATE_NAME}" ALLOW_CONNECTIONS false`);
  await administer(store, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${TEMPLATE_NAME}'`);
}

async function administer(server: Postgresql, statement: string): Promise<void> {
  const client = new Client({ connectionString: server.url().reveal(), application_name: 'berth test setup' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
