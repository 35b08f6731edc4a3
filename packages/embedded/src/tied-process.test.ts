// What we start does not outlive us, whichever way the system lets us see to that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWhere, eventually } from '@berth/testing';

async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && text.slice(text.lastIndexOf(')') + 2)[0] !== 'Z';
}

describeWhere(process.platform === 'linux', 'there is no /proc to look into', 'a tied process', () => {
  it.each(['kernel', 'keeper'])('is ended by the %s when its parent is killed with -9', async (tie) => {
    const options = {
      program: 'sleep',
      args: ['600'],
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
      stdio: 'ignore',
      user: null,
      onOurDeath: 'KILL',
      tie,
    };
    const program = `
      const { spawnTied } = require(${JSON.stringify(join(__dirname, 'tied-process.ts'))});
      const child = spawnTied(${JSON.stringify(options)});
      process.stdout.write(String(child.pid));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(parent.stdout, 'data');
    const pid = Number(String(said));
    expect(await isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await eventually(async () => !(await isAlive(pid)), { what: 'it to be gone' });
  });
});
