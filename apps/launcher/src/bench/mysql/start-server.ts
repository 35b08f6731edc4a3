// A MariaDB of the benchmark's own, where the machine has one: with the settings it comes with, every commit flushed.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findMissing,
  MARIADB_PROGRAMS,
  type Mariadb,
  makeMariadbData,
  startMariadb,
  withServers,
} from '@berth/embedded';
import { makePassword } from '@berth/secrets';

/** The program that this machine lacks for it; null when it has all. */
export function findMissingProgram(path: string | undefined): string | null {
  return findMissing(MARIADB_PROGRAMS, withServers(path));
}

/** Starts it in a folder of `home`. Throws LaunchError `server_failed`. */
export async function startBenchMariadb(home: string, path: string | undefined): Promise<Mariadb> {
  const folder = join(home, 'mariadb');
  const programs = withServers(path);
  await mkdir(folder, { mode: 0o700 });
  await makeMariadbData(join(folder, 'data'), programs);
  const settings = { 'innodb-flush-log-at-trx-commit': '1' };
  return startMariadb({ folder, path: programs, rootPassword: makePassword(), settings });
}
