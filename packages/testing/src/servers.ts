// The servers of one test run: a PostgreSQL for stores and one for tenants' databases, in a temporary folder. Fast and
// forgetful: they lose data in a power cut, and nothing else.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { type Postgresql, placeBinaries, startPostgresql } from '@berth/embedded';
import { migrate } from '@berth/store';
import { Client } from 'pg';
import { TEMPLATE_NAME } from './store-name';

export interface RunServers {
  store: Postgresql;
  postgresql: Postgresql;
  /** Stops both and removes their folder. */
  close(): Promise<void>;
}

const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300', // two test files at once, each with api, workers and maintenance
  max_prepared_transactions: '20', // tests leave prepared transactions in databases that must be dropped
};

/** Starts both servers and makes the template that stores are cloned from. Leaves nothing behind when it throws. */
export async function startServers(): Promise<RunServers> {
  const home = await mkdtemp(join(tmpdir(), 'berth-test-'));
  const started: Postgresql[] = [];
  const close = async () => {
    await Promise.all(started.map((server) => server.stop('immediate')));
    await rm(home, { recursive: true, force: true });
  };
  try {
    const binaries = await placeBinaries(home);
    const start = async (name: string, settings: Record<string, string>) => {
      const superuserPassword = new Secret(randomBytes(12).toString('hex'));
      const server = await startPostgresql({ home, name, binaries, superuserPassword, settings });
      started.push(server);
      return server;
    };
    const [store, postgresql] = await Promise.all([
      start('store', SETTINGS),
      start('tenants', { ...SETTINGS, wal_level: 'logical', log_statement: 'ddl' }),
    ]);
    await makeTemplate(store);
    return { store, postgresql, close };
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
