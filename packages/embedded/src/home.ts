// BERTH_HOME: the folder where an embedded Berth keeps everything.
import { access, chmod, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LaunchError, systemCode } from './launch-error';

/** Where in a home the log files are. */
export const LOG_FOLDER = 'log';

/**
 * Makes the home and its log folder unless they are there. Throws `home_unusable` with what to do; also for one that others may
 * write to, whose programs we would run and whose keys we would use.
 */
export async function ensureHome(home: string): Promise<void> {
  try {
    await ensureFolder(dirname(home), 0o777);
    await ensureFolder(home, 0o700);
    await refuseShared(home);
    await ensureFolder(join(home, LOG_FOLDER), 0o700);
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
    await letOthersThrough(home);
  } catch (error) {
    if (systemCode(error) === 'home_unusable') throw error;
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

/** A folder of that name may have been there before us, in /tmp above all. Where there are no users there is nothing to ask. */
async function refuseShared(home: string): Promise<void> {
  const own = process.getuid?.();
  const { mode, uid } = await stat(home);
  if (own === undefined) return;
  const refuse = (why: string, advice: string) =>
    new LaunchError('home_unusable', `The folder ${home} (BERTH_HOME) cannot be used: ${why}`, advice);
  if (uid !== own) {
    throw refuse(
      `it belongs to user number ${uid}, and this is ${own}`,
      'Start as its owner, or set BERTH_HOME to another folder.',
    );
  }
  if ((mode & OTHERS_MAY_WRITE) === 0) return;
  const advice = `If nobody has put anything there, chmod go-w ${home}; else set BERTH_HOME to another folder.`;
  throw refuse('others may write there', advice);
}

const OTHERS_MAY_WRITE = 0o022;

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
