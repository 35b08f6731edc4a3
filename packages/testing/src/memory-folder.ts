// Where a run keeps its servers: in memory where there is room. What PostgreSQL asks of a disk in these tests is above all to
// make and to remove the 300 files of a database, thousands of times; on ext4 that was a sixth of the run's CPU.
import { existsSync, readlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Linux keeps a file system in memory here, for everybody. */
const SHARED_MEMORY = '/dev/shm';

/** A run holds 3 GiB at most; the rest is for its processes. */
const FREE_BYTES_MIN = 8 * 2 ** 30;

/** A run's folder begins with who runs it, by number: one that was killed leaves it behind, though its servers go with it. */
const RUN_FOLDER = /^berth-test-(\d+)-(\d+)-/;

/** How the name of a run's folder begins. The number of a process means something among those that can see it alone. */
export function runFolderPrefix(pid: number): string {
  return `berth-test-${whoSeesUs()}-${pid}-`;
}

/** The folder in memory, if it has room and may hold programs (PostgreSQL's are copied there); null where there is none. */
export async function findMemoryFolder(): Promise<string | null> {
  try {
    const { bavail, bsize } = await statfs(SHARED_MEMORY);
    const freeBytes = Math.min(bavail * bsize, process.availableMemory());
    return willDo(await readFile('/proc/mounts', 'utf8'), freeBytes) ? SHARED_MEMORY : null;
  } catch {
    return null; // not a Linux, or one that shows nothing of itself
  }
}

/** Whether it is in memory, may be written and run from, and has the room. `mounts` as `/proc/mounts` tells them. */
export function willDo(mounts: string, freeBytes: number): boolean {
  const mount = mounts.split('\n').find((line) => line.split(' ')[1] === SHARED_MEMORY);
  const [, , type, options = ''] = mount?.split(' ') ?? [];
  const isOpen = !options.split(',').some((option) => option === 'noexec' || option === 'ro');
  return type === 'tmpfs' && isOpen && freeBytes >= FREE_BYTES_MIN;
}

/** Removes what runs that were killed left in `folder`: memory comes back no other way. Not what a container beside us has there. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, seenBy, pid] = RUN_FOLDER.exec(name) ?? [];
    if (seenBy !== whoSeesUs() || existsSync(`/proc/${pid}`)) continue;
    const seen = await lstat(join(folder, name)).catch(() => null); // another run may have been quicker
    if (seen?.uid === process.getuid?.()) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Makes a folder for temporary files in a run's own, which whoever runs PostgreSQL for root may pass through. */
export async function makeTemporaryFolder(home: string): Promise<string> {
  const folder = join(home, 'temporary');
  await mkdir(folder);
  await chmod(folder, 0o755);
  return folder;
}

/** The number of the set of processes that see each other; 0 where the system has no such sets. */
function whoSeesUs(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
