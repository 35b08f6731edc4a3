// Redis for the tests of the second queue backend: found, or installed by apt where that is allowed.
import { spawnSync } from 'node:child_process';

/**
 * Why there is no Redis for tests; null when there is. As root on a Debian with its package lists, installs it when it is
 * missing. Throws where CI=true: a run there that left half the queue out would be called green.
 */
export function ensureRedis(): string | null {
  if (isThere()) return null;
  if (process.getuid?.() === 0 && works('apt-get', ['--version'])) {
    process.stderr.write('tests: installing redis-server with apt-get … ');
    const quiet = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env: quiet, stdio: 'ignore', timeout: INSTALL_MS_MAX } as const;
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], options);
    process.stderr.write(isThere() ? 'done\n' : 'failed\n');
    if (isThere()) return null;
  }
  const reason = 'redis-server is not on the PATH; install it, for example with: apt-get install redis-server';
  if (process.env.CI === 'true') throw new Error(`With CI=true nothing is left out, but ${reason}`);
  return reason;
}

const INSTALL_MS_MAX = 180_000;

const isThere = () => works('redis-server', ['--version']);

function works(program: string, flags: string[]): boolean {
  return spawnSync(program, flags, { stdio: 'ignore', env: process.env }).status === 0;
}
