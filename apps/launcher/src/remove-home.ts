// Temporary homes of commands that leave nothing behind: where they may be, and taking them away.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_FOLDER } from '@berth/embedded';

/** Where a temporary home is tried after TMPDIR. */
export const TEMPORARY_FOLDERS = ['/tmp', '/var/tmp', '/var/lib'];

/** Removes a stopped Berth's home. Whoever looks for the reason of a failure needs its logs. Safe to repeat. */
export async function removeHome(home: string, how: 'wholly' | 'but for its logs'): Promise<void> {
  const forcing = { recursive: true, force: true, maxRetries: 5 }; // what was ended at once may still be writing
  if (how === 'wholly') return rm(home, forcing);
  const names = (await readdir(home)).filter((name) => name !== LOG_FOLDER);
  await Promise.all(names.map((name) => rm(join(home, name), forcing)));
}
