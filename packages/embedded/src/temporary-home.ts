// A home for one run: somewhere PostgreSQL's programs may be executed and its user may go, removed at the end.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { placeBinaries } from './binaries';
import { ensureHome } from './home';
import { LaunchError } from './launch-error';
import { checkCanRun, choosePostgresqlUser } from './os-user';

/** A fresh home in the first of `folders` that will do (not read-only, not full, not `noexec`, not closed to the user
 * who runs PostgreSQL for root). Throws `home_unusable` with each one's reason. The caller removes it. */
export async function makeTemporaryHome(folders: string[]): Promise<string> {
  const reasons: string[] = [];
  for (const folder of folders) {
    let home: string | null = null;
    try {
      home = await mkdtemp(join(folder, 'berth-'));
      await ensureHome(home);
      checkCanRun(choosePostgresqlUser(home), (await placeBinaries(home)).postgres);
      return home;
    } catch (error) {
      if (home) await rm(home, { recursive: true, force: true });
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new LaunchError(
    'home_unusable',
    `No folder will do for a temporary home:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`,
    'Set TMPDIR to a folder that every user may enter and programs may run from.',
  );
}
