// What a test file runs against: its own store, cloned from the template of the run, on real servers.
import { Secret } from '@berth/core';
import { Client } from 'pg';
import { eventComplaints } from './event-complaints';
import { newStoreName, TEMPLATE_NAME } from './store-name';

export interface TestServers {
  /** Superuser on the server that holds stores. */
  storeUrl: string;
  /** Superuser, database `postgres`, on the tenants' PostgreSQL server. */
  postgresqlUrl: string;
  /** Path of the tenants' server's log. */
  postgresqlLog: string;
  /** Of an admin of the tenants' MongoDB, or of the double that stands in for it. */
  mongodbUrl: string;
  /** Path of the log of the server that holds stores. */
  storeLog: string;
  /** The Redis that files share; null where this machine has none. */
  redisUrl: string | null;
  /** root on the MariaDB that files share; null where this machine has none. */
  mysqlUrl: string | null;
  /** The folder of the run; servers of single files live there too. */
  home: string;
}

/** The servers that the global setup started for this run. Throws when there are none. */
export function testServers(): TestServers {
  return {
    storeUrl: fromSetup('BERTH_TEST_STORE_URL'),
    postgresqlUrl: fromSetup('BERTH_TEST_POSTGRESQL_URL'),
    postgresqlLog: fromSetup('BERTH_TEST_POSTGRESQL_LOG'),
    mongodbUrl: fromSetup('BERTH_TEST_MONGODB_AT'),
    storeLog: fromSetup('BERTH_TEST_STORE_LOG'),
    redisUrl: process.env.BERTH_TEST_REDIS_URL ?? null,
    mysqlUrl: process.env.BERTH_TEST_MYSQL_URL ?? null,
    home: fromSetup('BERTH_TEST_HOME'),
  };
}

function fromSetup(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: the global setup of Jest did not run`);
  return value;
}

export interface TestStore {
  url: string;
  /** The same URL as the product takes it. */
  secretUrl: Secret;
  name: string;
  /**
   * Drops the store; refused by the server while a session is open in it, which is the point. Throws when it holds an event
   * that is not of the catalogue.
   */
  close(): Promise<void>;
}

/** A store of one's own with all migrations applied and no rows. Takes about 30 ms. Close it in afterAll. */
export async function openTestStore(): Promise<TestStore> {
  const { storeUrl } = testServers();
  const name = newStoreName(process.pid);
  // files are copied as they are: half the CPU of writing each page of the template to the log
  await administer(storeUrl, `CREATE DATABASE "${name}" TEMPLATE "${TEMPLATE_NAME}" STRATEGY file_copy`);
  const url = new URL(storeUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    secretUrl: new Secret(url.href),
    name,
    async close() {
      const complaints = await eventComplaints(url.href);
      await administer(storeUrl, `DROP DATABASE IF EXISTS "${name}"`);
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'berth test' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
