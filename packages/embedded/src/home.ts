// BERTH_HOME: the folder where an embedded Berth keeps everything.
import { access, chmod, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LaunchError, systemCode } from './launch-error';

/** Where in a home the log files are. */
export const LOG_FOLDER = 'log';

/** Makes the home and its log folder unless they are there. Throws `home_unusable` with what to do. */
export async function ensureHome(home: string): Promise<void> {
  try {
    await ensureFolder(dirname(home), 0o777);
    await ensureFolder(home, 0o700);
    await ensureFolder(join(home, LOG_FOLDER), 0o700);
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
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
  ENOENT: 'no folder can be made there',
  ENOSPC: 'the disk is full',
};

// Not `mkdir` with `recursive`: Node 20 never returns from it where the system answers ENOENT though the folder above
// is there (/proc, some network file systems).
async function ensureFolder(path: string, mode: number): Promise<void> {
  if (await stat(path).catch(() => null)) return;
  if (dirname(path) !== path) await ensureFolder(dirname(path), mode);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // made meanwhile
  }
}

// Run by root, PostgreSQL belongs to another user, who must pass through the home (not list it) to reach its own folder.
async function letOthersThrough(home: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { mode } = await stat(home);
  await chmod(home, (mode & 0o777) | 0o011);
}
