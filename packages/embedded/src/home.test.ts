// The home of an embedded Berth: usable or clearly refused, and one Berth's at a time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testWhere } from '@berth/testing';
import { ensureHome } from './home';
import { lockHome } from './home-lock';
import { openLogFile } from './log-file';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-home-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('BERTH_HOME', () => {
  it('is made with all folders above it, and may be asked for again', async () => {
    const home = join(folder, 'a', 'b');
    await ensureHome(home);
    await ensureHome(home);
    expect((await stat(join(home, 'log'))).mode & 0o777).toBe(0o700);
  });

  it('that is a file, or below one, is refused with what to do', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const home of [join(folder, 'file'), join(folder, 'file', 'below')]) {
      await expect(ensureHome(home)).rejects.toMatchObject({
        code: 'home_unusable',
        message: expect.stringContaining('not a folder'),
        advice: expect.stringContaining('BERTH_HOME'),
      });
    }
  });

  it.each([0o770, 0o777, 0o707])(
    'that others may write to (mode %d) is refused: they might have put programs there',
    async (mode) => {
      const home = join(folder, 'shared');
      await mkdir(home);
      await chmod(home, mode);
      const refused = {
        code: 'home_unusable',
        message: expect.stringContaining('others may write'),
        advice: expect.stringContaining('go-w'),
      };
      await expect(ensureHome(home)).rejects.toMatchObject(refused);
      expect(await readdir(home)).toEqual([]);
      await chmod(home, 0o755);
      await ensureHome(home);
    },
  );

  testWhere(
    process.getuid?.() === 0,
    'only root can make a folder of another user',
    'that belongs to another user is refused',
    async () => {
      const home = join(folder, 'theirs');
      await mkdir(home);
      await chown(home, 12_345, 12_345);
      const refused = { code: 'home_unusable', message: expect.stringContaining('belongs to user number 12345') };
      await expect(ensureHome(home)).rejects.toMatchObject(refused);
    },
  );

  it('that may not be written to is refused with the reason', async () => {
    // root may write everywhere but here
    await expect(ensureHome('/proc/berth')).rejects.toMatchObject({ code: 'home_unusable' });
  });
});

describe('the lock of a home', () => {
  it('keeps a second Berth out, names the first, and goes with it when it is killed', async () => {
    await ensureHome(folder);
    const holder = await holdElsewhere(folder);
    expect(() => lockHome(folder)).toThrow(
      expect.objectContaining({ code: 'home_locked', message: expect.stringContaining(`process ${holder.pid}`) }),
    );
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = lockHome(folder);
    lock.release();
    lock.release();
  });

  it('is not kept by a file that was left behind, even when its number belongs to a living process', async () => {
    await ensureHome(folder);
    await writeFile(join(folder, 'lock'), '1\n');
    lockHome(folder).release();
  });
});

describe('a log file', () => {
  it('quotes only what was written since it was opened', async () => {
    const path = join(folder, 'x.log');
    await writeFile(path, 'yesterday\n');
    const log = openLogFile(path);
    expect(log.tail()).toBe('');
    await writeFile(path, 'one\ntwo\nthree\n', { flag: 'a' });
    expect(log.tail(2)).toBe('two\nthree');
    log.close();
  });
});

// The kernel's lock is per open file, so a second one in this process would do; another process is what happens.
async function holdElsewhere(home: string): Promise<ChildProcess> {
  const program = `
    const { lockHome } = require(${JSON.stringify(join(__dirname, 'home-lock.ts'))});
    lockHome(${JSON.stringify(home)});
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}
