// Child processes that do not outlive us: the kernel ends them when we die, kill -9 included. Off Linux a shell that
// waits on a pipe does it. They have a process group of their own: Ctrl-C at the terminal is for us alone to answer.
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import type { OsUser } from './os-user';

/** What to start and how. `env` is all it sees; `onOurDeath` is the signal it gets when we die. */
export interface TiedProcessOptions {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  stdio: StdioOptions;
  user: OsUser | null;
  onOurDeath: 'INT' | 'KILL';
  /** Which way to tie it; the best one the system has unless told (for tests). */
  tie?: 'kernel' | 'keeper';
}

/** Enough for setpriv, sh and cp on every system; children see no more of our own environment than they are given. */
export const PLAIN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// The death signal is not sent to a child whose parent died before the child had asked for it: look once more, after.
const UNLESS_ORPHAN = 'test "$PPID" = "$0" && exec "$@"';

/** Starts a process that ends when we do. Its death is told by the child's `exit` (or `error`) as usual. */
export function spawnTied(options: TiedProcessOptions): ChildProcess {
  const { program, args, user, onOurDeath } = options;
  const common = {
    cwd: options.cwd,
    env: options.env,
    stdio: options.stdio,
    detached: true,
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
  };
  const tie = options.tie ?? (hasKernelTie() ? 'kernel' : 'keeper');
  // setpriv runs after uid and gid have changed: the kernel forgets the death signal when they change after it.
  if (tie === 'kernel') {
    const checked = ['sh', '-c', UNLESS_ORPHAN, String(process.pid), program, ...args];
    return spawn('setpriv', ['--pdeathsig', onOurDeath, ...checked], common);
  }
  const child = spawn(program, args, common);
  if (child.pid !== undefined) spawnKeeper(child, child.pid, onOurDeath);
  return child;
}

function spawnKeeper(child: ChildProcess, pid: number, signal: string): void {
  const keeper = spawn('sh', ['-c', `read _; kill -${signal} ${pid}`], {
    cwd: '/',
    env: { PATH: PLAIN_PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.once('exit', () => keeper.kill('SIGKILL')); // before the number of the dead child is given to another
}

let kernelTie: boolean | null = null; // a fact about this machine, asked once

function hasKernelTie(): boolean {
  kernelTie ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { env: { PATH: PLAIN_PATH } }).status === 0;
  return kernelTie;
}
