// Servers that npm does not have and tests want: found, or installed by apt where that is allowed.
import { spawnSync } from 'node:child_process';

/** A server's program, and the Debian package it is in. */
export interface ServerProgram {
  program: string;
  debianPackage: string;
}

export const REDIS: ServerProgram = { program: 'redis-server', debianPackage: 'redis-server' };
/** Without the package around it, which makes users and folders that tests do not want. */
export const MARIADB: ServerProgram = { program: 'mariadbd', debianPackage: 'mariadb-server-core' };

const INSTALL_MS_MAX = 180_000;
/** Where Debian puts servers; an ordinary user may not have it on the PATH. */
const SERVERS_FOLDER = '/usr/sbin';

/**
 * Why there is no such server for tests; null when there is. As root on a Debian with its package lists, installs it when it is
 * missing. Throws where CI=true: a run there that left it out would be called green.
 */
export function ensureProgram({ program, debianPackage }: ServerProgram): string | null {
  if (works(program, ['--version'])) return null;
  if (process.getuid?.() === 0 && works('apt-get', ['--version'])) {
    process.stderr.write(`tests: installing ${debianPackage} with apt-get … `);
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: INSTALL_MS_MAX,
    } as const;
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], options);
    const isThere = works(program, ['--version']);
    process.stderr.write(isThere ? 'done\n' : 'failed\n');
    if (isThere) return null;
  }
  const reason = `${program} is not on the PATH; install it, for example with: apt-get install ${debianPackage}`;
  if (process.env.CI === 'true') throw new Error(`With CI=true nothing is left out, but ${reason}`);
  return reason;
}

/** The PATH on which servers are looked for. */
export function serversPath(): string {
  return `${process.env.PATH ?? ''}:${SERVERS_FOLDER}`;
}

function works(program: string, flags: string[]): boolean {
  return spawnSync(program, flags, { stdio: 'ignore', env: { ...process.env, PATH: serversPath() } }).status === 0;
}
