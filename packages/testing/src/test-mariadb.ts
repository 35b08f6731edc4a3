// MariaDB servers of a run, each on a private port of 127.0.0.1 and in a folder of the run: one that all files share, and others
// for files that stop them. Fast and forgetful: they lose data in a power cut, and nothing else.
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '@berth/core';
import { makeMariadbData, startMariadb } from '@berth/embedded';
import { serversPath } from './ensure-program';
import { testServers } from './stack';
import { TEST_PASSWORD } from './test-postgresql';

export interface TestMariadb {
  /** `mysql://root:…@127.0.0.1:port`: root, who may do everything, from anywhere. */
  url: Secret;
  readonly port: number;
  /** Of its own, with its data. */
  folder: string;
  /** What the server itself wrote: its errors, then every statement as it logs them. */
  readLog(): Promise<string>;
  /** From now on it answers nobody, and the system goes on taking connections for it; until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** As a power cut does. */
  kill9(): Promise<void>;
  /** Kills it and starts it again on the same port, with its data. */
  restart(): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

const SETTINGS = {
  'max-connections': '300',
  'event-scheduler': 'ON',
  'character-set-server': 'utf8mb4',
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '8M',
  'innodb-flush-log-at-trx-commit': '0',
  'performance-schema': 'OFF',
  'general-log': 'ON',
  'general-log-file': '../statements.log', // from the data directory
};

/** Why this run has no MariaDB, as the global setup found; null when it has. For `describeWhere`. */
export function whyNoMariadb(): string | null {
  return process.env.BERTH_TEST_NO_MARIADB ?? null;
}

/** Starts one of one's own, with settings over those of the tests. Close it in afterAll. */
export function openTestMariadb(settings: Record<string, string> = {}): Promise<TestMariadb> {
  return startTestMariadb(testServers().home, settings);
}

/** Starts one in the folder of the run and waits until it takes connections. The first makes a pattern that others copy. */
export async function startTestMariadb(home: string, settings: Record<string, string> = {}): Promise<TestMariadb> {
  const folder = await mkdtemp(join(home, 'mariadb-'));
  await cp(await ensurePattern(home), join(folder, 'data'), { recursive: true });
  const server = await startMariadb({
    folder,
    path: serversPath(),
    rootPassword: TEST_PASSWORD,
    settings: { ...SETTINGS, ...settings },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const { kill9, port, readErrors, restart, url } = server;
  return {
    ...{ folder, kill9, port, restart, url },
    readLog: async () => `${await readErrors()}${await readStatements(folder)}`,
    freeze: () => void server.process.kill('SIGSTOP'),
    thaw: () => void server.process.kill('SIGCONT'),
    async close() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const readStatements = (folder: string) => readFile(join(folder, 'statements.log'), 'utf8').catch(() => '');

/** A data directory that was never started, made once: copied in 0.1 s, made in some seconds. */
async function ensurePattern(home: string): Promise<string> {
  const pattern = join(home, 'mariadb-pattern');
  const isNew = await mkdir(pattern).then(
    () => true,
    () => false, // the global setup was here first, and has ended since
  );
  if (!isNew) return pattern;
  await makeMariadbData(pattern, serversPath());
  return pattern;
}
