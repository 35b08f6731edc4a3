// A real process of Berth, started by a test: awaited until it says that it serves, hurt, and ended.
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { ROOT } from './bundle';
import { eventually } from './eventually';

export interface TestProcess {
  pid: number;
  /** Where it listens; null for a worker. */
  url: string | null;
  /** Where its metrics and health are told; null where BERTH_METRICS_PORT is not set. */
  metricsUrl: string | null;
  /** Everything it has written so far. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Fulfils when it is gone. */
  ended: Promise<void>;
  /** Asks it to stop and waits; a frozen or dead one is killed. Safe to repeat. */
  stop(): Promise<void>;
}

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;

/** Starts a bundle with exactly this environment. Throws with its output when it ends before it serves. */
export async function startProcess(file: string, environment: Record<string, string>): Promise<TestProcess> {
  const path = { PATH: process.env.PATH ?? '' };
  const child = fork(file, [], {
    cwd: ROOT,
    env: { ...path, ...environment },
    silent: true,
    execArgv: ['--enable-source-maps', '--liftoff-only'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  let gone = false;
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      gone = true;
      resolve();
    });
  });
  let ready: Pick<TestProcess, 'url' | 'metricsUrl'> | null = null;
  child.on('message', (message: { ready?: boolean; url?: string; metricsUrl?: string }) => {
    if (message.ready === true) ready = { url: message.url ?? null, metricsUrl: message.metricsUrl ?? null };
  });
  const facts = await eventually(
    () => {
      if (gone) return { url: 'gone', metricsUrl: null };
      return ready;
    },
    { timeoutMs: READY_MS_MAX, what: `${file} to serve` },
  ).catch((error: unknown) => {
    child.kill('SIGKILL'); // nobody else knows of it
    throw error;
  });
  if (gone) throw new Error(`${file} ended before it served:\n${chunks.join('')}`);
  return {
    pid: child.pid ?? 0,
    url: facts.url,
    metricsUrl: facts.metricsUrl,
    output: () => chunks.join(''),
    signal: (name) => void child.kill(name),
    ended,
    async stop() {
      if (gone) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Whether a SIGSTOP has reached it. */
export async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
