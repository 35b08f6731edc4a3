// PostgreSQL servers for tenants' databases, fast and forgetful: they lose data in a power cut, and nothing else.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Secret } from '@berth/core';
import { type Binaries, type Postgresql, startPostgresql } from '@berth/embedded';
import { testServers } from './stack';

/** The superuser's password on every server of a run. Long enough that a search for it in logs finds nothing else. */
export const TEST_PASSWORD = new Secret('superuser-of-the-tests-7f3c');

/** Settings of every server of a run. */
export const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300', // three test files at once, each with api, workers and maintenance
  max_prepared_transactions: '20', // tests leave prepared transactions in databases that must be dropped
};

/** The instance that the global setup makes and stops, to be copied: 0.1 s in place of initdb's 0.7 s. */
export const PATTERN = 'pattern';

/** Starts a tenants' server in the folder of the run. What a tenant defines is written to its log. */
export function startTenantsServer(
  home: string,
  name: string,
  binaries?: Binaries,
  settings: Record<string, string> = {},
): Promise<Postgresql> {
  return startPostgresql({
    home,
    name,
    superuserPassword: TEST_PASSWORD,
    settings: { ...TEST_SETTINGS, wal_level: 'logical', log_statement: 'ddl', ...settings },
    ...(binaries === undefined ? { template: join(home, PATTERN, 'data') } : { binaries }),
  });
}

export interface TestPostgresql extends Postgresql {
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/**
 * A tenants' server of one's own, for files that stop servers or need every name free. Another version than npm's with
 * `binaries`. Close it in afterAll.
 */
export async function openTestPostgresql(
  binaries?: Binaries,
  settings?: Record<string, string>,
): Promise<TestPostgresql> {
  const name = `tenants-${process.pid}-${randomBytes(3).toString('hex')}`;
  const server = await startTenantsServer(testServers().home, name, binaries, settings);
  return Object.assign(server, {
    close: async () => {
      await server.stop('immediate');
      await rm(dirname(server.dataDirectory), { recursive: true, force: true });
    },
  });
}

/** The oldest version that is supported, and why a run may be without it. */
export const OLDEST_POSTGRESQL = 15;
export const NO_OLDEST_POSTGRESQL = "Debian's PostgreSQL 15 is not installed";

/** Debian's PostgreSQL of a major version where its package is installed, else null. */
export function debianBinaries(major: number): Binaries | null {
  const folder = `/usr/lib/postgresql/${major}`;
  const binaries = {
    version: String(major),
    folder,
    initdb: join(folder, 'bin/initdb'),
    postgres: join(folder, 'bin/postgres'),
  };
  return existsSync(binaries.initdb) && existsSync(binaries.postgres) ? binaries : null;
}
