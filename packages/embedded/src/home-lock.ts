// One Berth per home. The lock is the kernel's (flock on `<home>/lock`), so it goes with its holder, kill -9 included,
// and no file that is left behind can keep a later start out.
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError, systemCode } from './launch-error';
import { PLAIN_PATH } from './tied-process';

/** Held until released (safe to repeat) or until this process ends. */
export interface HomeLock {
  release(): void;
}

/** Takes the lock, or throws `home_locked` naming the process that has it. */
export function lockHome(home: string): HomeLock {
  const path = join(home, 'lock');
  const fd = openSync(path, 'a+', 0o600);
  const holder = Number.parseInt(readFileSync(path, 'utf8'), 10) || null;
  if (!takeLock(fd, holder)) {
    closeSync(fd);
    throw new LaunchError(
      'home_locked',
      `Berth already runs on ${home} (${holder ? `process ${holder}` : 'just starting'})`,
      `Stop it first: Ctrl-C where it runs${holder ? `, or kill ${holder}` : ''}. ` +
        'For a second one beside it, set BERTH_HOME to another folder and BERTH_PORT to another port.',
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

// The lock belongs to what our descriptor and the child's have in common, so it stays when flock(1) has ended.
function takeLock(fd: number, holder: number | null): boolean {
  const run = spawnSync('flock', ['-n', '3'], { env: { PATH: PLAIN_PATH }, stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (!run.error) return run.status === 0;
  return holder === null || holder === process.pid || !isAlive(holder); // no flock here (macOS): the number must do
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
