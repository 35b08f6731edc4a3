// Temporary homes of commands that leave nothing behind: where they may be, and taking them away.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_FOLDER } from '@berth/embedded';
import type { Terminal } from './terminal';

/** Where a temporary home is tried after TMPDIR. */
export const TEMPORARY_FOLDERS = ['/tmp', '/var/tmp', '/var/lib'];

const FORCING = { recursive: true, force: true, maxRetries: 5 }; // what was ended at once may still be writing

/** Removes a stopped Berth's home. Safe to repeat. */
export function removeHome(home: string): Promise<void> {
  return rm(home, FORCING);
}

/** Removes it but for its logs, which whoever looks for the reason of a failure needs, and says where they are. */
export async function keepLogs(home: string, terminal: Terminal): Promise<void> {
  const logs = join(home, LOG_FOLDER);
  if (!existsSync(logs)) return removeHome(home);
  const names = (await readdir(home)).filter((name) => name !== LOG_FOLDER);
  await Promise.all(names.map((name) => rm(join(home, name), FORCING)));
  terminal.say(`Logs kept in ${logs}`);
}
