// BERTH_HOME: the folder where an embedded Berth keeps everything.
import { access, chmod, constants, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LaunchError, systemCode } from './launch-error';

/** Where in a home the log files are. */
export const LOG_FOLDER = 'log';

/** Makes the home and its log folder unless they are there. Throws `home_unusable` with what to do. */
export async function ensureHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
    await mkdir(join(home, LOG_FOLDER), { recursive: true, mode: 0o700 });
    await letOthersThrough(home);
  } catch (error) {
    const why = WHY[systemCode(error)] ?? String(error);
    const advice = 'Set BERTH_HOME to a folder that this user may write to, for example BERTH_HOME=/tmp/berth.';
    throw new LaunchError('home_unusable', `The folder ${home} (BERTH_HOME) cannot be used: ${why}`, advice, error);
  }
}

const WHY: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
  ENOTDIR: 'part of this path is a file, not a folder',
  EEXIST: 'it is a file, not a folder',
  ENOSPC: 'the disk is full',
};

// Run by root, PostgreSQL belongs to another user, who must pass through the home (not list it) to reach its own folder.
async function letOthersThrough(home: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { mode } = await stat(home);
  await chmod(home, (mode & 0o777) | 0o011);
}
