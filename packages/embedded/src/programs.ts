// Servers' programs that a machine may have or not have: looked for where they are usually put.
import { spawnSync } from 'node:child_process';

/** Where Debian puts servers; an ordinary user may not have it on the PATH. */
const SERVERS_FOLDER = '/usr/sbin';

/** A PATH on which servers are found too, given the one of the environment. */
export function withServers(path: string | undefined): string {
  return `${path ?? ''}:${SERVERS_FOLDER}`;
}

/** The first of these programs that is not on the path, or does not run; null when all do. */
export function findMissing(programs: readonly string[], path: string): string | null {
  const works = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore', env: { PATH: path } });
  return programs.find((program) => works(program).status !== 0) ?? null;
}
