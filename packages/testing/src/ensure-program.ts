// Servers that npm does not have and tests want: found, or installed by apt where that is allowed.
import { spawnSync } from 'node:child_process';
import { findMissing, MARIADB_PROGRAMS, withServers } from '@berth/embedded';

/** A server's program, what it needs beside it, and the Debian packages they are in. */
export interface ServerProgram {
  program: string;
  tools: string[];
  debianPackages: string[];
}

export const REDIS: ServerProgram = { program: 'redis-server', tools: [], debianPackages: ['redis-server'] };
/** Without the package around it, which makes users and folders that tests do not want. */
export const MARIADB: ServerProgram = {
  program: MARIADB_PROGRAMS[0],
  tools: MARIADB_PROGRAMS.slice(1),
  debianPackages: ['mariadb-server-core', 'mariadb-client-core'],
};

const INSTALL_MS_MAX = 180_000;

/**
 * Why there is no such server for tests; null when there is. As root on a Debian with its package lists, installs it when it is
 * missing. Throws where CI=true: a run there that left it out would be called green.
 */
export function ensureProgram({ debianPackages, program, tools }: ServerProgram): string | null {
  const isThere = () => findMissing([program, ...tools], serversPath()) === null;
  if (isThere()) return null;
  const packages = debianPackages.join(' ');
  if (process.getuid?.() === 0 && findMissing(['apt-get'], serversPath()) === null) {
    process.stderr.write(`tests: installing ${packages} with apt-get … `);
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: INSTALL_MS_MAX,
    } as const;
    spawnSync('apt-get', ['update', '-qq'], options);
    // --no-remove: somebody's MySQL is not to make room for it
    const flags = ['-y', '-qq', '--no-install-recommends', '--no-remove'];
    spawnSync('apt-get', ['install', ...flags, ...debianPackages], options);
    process.stderr.write(isThere() ? 'done\n' : 'failed\n');
    if (isThere()) return null;
  }
  const reason = `${program} is not on the PATH; install it, for example with: apt-get install ${packages}`;
  if (process.env.CI === 'true') throw new Error(`With CI=true nothing is left out, but ${reason}`);
  return reason;
}

/** The PATH on which servers are looked for. */
export function serversPath(): string {
  return withServers(process.env.PATH);
}
