// What a run was tried on, told at its end: a green run says little without it.
import { execFileSync } from 'node:child_process';
import { serversPath } from './ensure-program';

export interface TriedOn {
  /** `MariaDB`. */
  server: string;
  /** `10.11.19`; null where it was left out. */
  version: string | null;
  /** `real`, `a double, never a real one`, or why it was left out. */
  what: string;
}

/** Lines of equal columns. */
export function runTable(tried: TriedOn[]): string {
  const width = (of: (each: TriedOn) => string) => Math.max(...tried.map((each) => of(each).length));
  const [servers, versions] = [width(({ server }) => server), width(({ version }) => version ?? '-')];
  const lines = tried.map(
    ({ server, version, what }) => `  ${server.padEnd(servers)}  ${(version ?? '-').padEnd(versions)}  ${what}`,
  );
  return ['This run was tried on:', ...lines, ''].join('\n');
}

/** The first version number that the program says of itself; null where it cannot be asked. */
export function versionOf(program: string): string | null {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', env: { PATH: serversPath() } });
    return /\d+(\.\d+)+/.exec(said)?.[0] ?? null;
  } catch {
    return null;
  }
}
