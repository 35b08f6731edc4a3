// A run's servers live in memory only where that is one, is open and has room; what a killed run left there goes.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAbandoned, runFolderPrefix, willDo } from './memory-folder';

const ROOM = 16 * 2 ** 30;
const OTHERS = 'proc /proc proc rw 0 0\n/dev/vda / ext4 rw,relatime 0 0\n';

describe('a folder in memory', () => {
  it.each([
    ['is taken where it is one and has room', 'tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0', ROOM, true],
    ['is left where programs may not run from it', 'shm /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0', ROOM, false],
    ['is left where it may not be written', 'shm /dev/shm tmpfs ro,nosuid 0 0', ROOM, false],
    ['is left where it is a disk', '/dev/vdb /dev/shm ext4 rw 0 0', ROOM, false],
    ['is left where it has no room', 'tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0', 64 * 2 ** 20, false],
    ['is left where there is none', 'tmpfs /run tmpfs rw 0 0', ROOM, false],
  ])('%s', (_, mount, freeBytes, expected) => {
    expect(willDo(`${OTHERS}${mount}\n`, freeBytes)).toBe(expected);
  });
});

describe('what a killed run left', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-memory-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('goes when its process is gone; nothing else does', async () => {
    const left = `${runFolderPrefix(goneProcess())}a`;
    const kept = [`${runFolderPrefix(process.pid)}b`, `berth-test-1-${goneProcess()}-c`, 'somebody-elses'];
    for (const name of [left, ...kept]) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'data'), '');
    }
    await removeAbandoned(folder);
    expect((await readdir(folder)).sort()).toEqual(kept.sort());
  });
});

function goneProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}
