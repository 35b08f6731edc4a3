// One run of PostgreSQL's main process on a data directory: started, awaited, ended. It ends when we do.
import type { ChildProcess } from 'node:child_process';
import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@berth/core';
import type { Binaries } from './binaries';
import { LaunchError, systemCode } from './launch-error';
import { type LogFile, openLogFile } from './log-file';
import type { OsUser } from './os-user';
import { PLAIN_PATH, spawnTied } from './tied-process';

export interface PostmasterOptions {
  binaries: Binaries;
  user: OsUser | null;
  dataDirectory: string;
  logFile: string;
  settings: Record<string, string>;
}

/** A running main process. `exited` fulfils when it is gone, however that came. */
export interface Postmaster {
  pid: number;
  exited: Promise<void>;
  /** Its number may belong to another process by now. */
  isGone(): boolean;
}

const POLL_MS = 10;
const START_MS_MAX = 120_000; // recovery after a crash reads the whole log of changes first
const ORPHAN_MS_MAX = 20_000;
const FAST_STOP_MS_MAX = 30_000;
const IMMEDIATE_STOP_MS_MAX = 5_000;

/** Starts PostgreSQL and waits until it takes connections. Throws `port_taken`, or `postgresql_failed` with its log. */
export async function launchPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const deadline = systemClock.monotonicMs() + ORPHAN_MS_MAX;
  for (;;) {
    await clearOrphan(options.dataDirectory, deadline);
    const log = openLogFile(options.logFile);
    try {
      return await launchOnce(options, log);
    } catch (error) {
      // After a kill -9 the sessions need a moment to see that their main process is gone and to leave.
      const said = log.tail();
      const isLeaving = said.includes('pre-existing shared memory block');
      if (isLeaving && systemClock.monotonicMs() < deadline) await sleep(POLL_MS * 10);
      else throw said.includes('could not bind') ? portTaken(options, error) : error;
    } finally {
      log.close();
    }
  }
}

/** Ends it: `fast` ends its sessions and writes everything down, `immediate` leaves recovery to the next start. Does
 * more if that does not help. Safe to repeat. */
export async function stopPostmaster(postmaster: Postmaster, mode: 'fast' | 'immediate' | 'kill'): Promise<void> {
  const ways = [
    { mode: 'fast', signal: 'SIGINT', waitMs: FAST_STOP_MS_MAX },
    { mode: 'immediate', signal: 'SIGQUIT', waitMs: IMMEDIATE_STOP_MS_MAX },
    { mode: 'kill', signal: 'SIGKILL', waitMs: IMMEDIATE_STOP_MS_MAX },
  ] as const;
  for (const way of ways.slice(ways.findIndex((each) => each.mode === mode))) {
    if (postmaster.isGone()) return;
    signalIfAlive(postmaster.pid, way.signal);
    const late = new AbortController();
    const wait = sleep(way.waitMs, undefined, { signal: late.signal }).catch(() => undefined); // aborted below
    await Promise.race([postmaster.exited, wait]);
    late.abort();
  }
}

async function launchOnce(options: PostmasterOptions, log: LogFile): Promise<Postmaster> {
  const args = ['-D', options.dataDirectory];
  for (const [name, value] of Object.entries(options.settings)) args.push('-c', `${name}=${value}`);
  const child = spawnTied({
    program: options.binaries.postgres,
    args,
    env: { PATH: PLAIN_PATH, LANG: 'C', TZ: 'UTC' },
    cwd: '/',
    stdio: ['ignore', log.fd, log.fd],
    user: options.user,
    onOurDeath: 'INT',
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const postmaster = {
    pid: await pidOf(child),
    exited,
    isGone: () => child.exitCode !== null || child.signalCode !== null,
  };
  const deadline = systemClock.monotonicMs() + START_MS_MAX;
  while (!(await isReady(options.dataDirectory, postmaster.pid))) {
    const isLate = systemClock.monotonicMs() > deadline;
    if (isLate) await stopPostmaster(postmaster, 'immediate');
    if (isLate || postmaster.isGone()) throw startFailed(options, log, isLate);
    await sleep(POLL_MS);
  }
  return postmaster;
}

function pidOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    if (child.pid !== undefined) resolve(child.pid);
  });
}

// The first line of postmaster.pid is whose it is, the eighth how far it has come (pg_ctl reads it the same way).
async function isReady(dataDirectory: string, pid: number): Promise<boolean> {
  const lines = await readPidFile(dataDirectory);
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

async function readPidFile(dataDirectory: string): Promise<string[]> {
  try {
    return (await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

// PostgreSQL trusts postmaster.pid while any process of the same user has that number, and in a container numbers come
// again soon. We know better: its main process works inside the data directory. One that a killed launcher left behind
// is on its way out, so wait for it.
async function clearOrphan(dataDirectory: string, deadline: number): Promise<void> {
  if (process.platform !== 'linux') return;
  for (;;) {
    const pid = Number((await readPidFile(dataDirectory))[0] ?? 0);
    if (!pid) return;
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (folder !== dataDirectory) return await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
    if (systemClock.monotonicMs() > deadline) {
      const message = `Another PostgreSQL (process ${pid}) runs on ${dataDirectory}`;
      throw new LaunchError('postgresql_failed', message, `Stop it first: kill -INT ${pid}`);
    }
    signalIfAlive(pid, 'SIGINT');
    await sleep(POLL_MS * 10);
  }
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function startFailed(options: PostmasterOptions, log: LogFile, isLate: boolean): LaunchError {
  const why = isLate ? `was not ready after ${START_MS_MAX / 1000} s` : 'ended while starting';
  const message = `PostgreSQL on ${options.dataDirectory} ${why}. The end of ${log.path}:\n${log.tail()}`;
  return new LaunchError('postgresql_failed', message, 'Its log says why; the data are untouched.');
}

function portTaken(options: PostmasterOptions, cause: unknown): LaunchError {
  const message = `Port ${options.settings.port} of 127.0.0.1 is taken, so PostgreSQL on ${options.dataDirectory} cannot start`;
  return new LaunchError('port_taken', message, 'Stop what uses it: ss -ltnp shows which process that is.', cause);
}
