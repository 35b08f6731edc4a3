// One app of Berth as a child process: started, awaited until it serves, started again when it dies, stopped.
// An app says `{ready: true, url?, metricsUrl?}` over the channel once it serves, and stops by itself on SIGTERM.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@berth/core';
import { LaunchError } from './launch-error';
import { type LogFile, openLogFile } from './log-file';
import { spawnTied } from './tied-process';

export interface AppOptions {
  name: string;
  /** The bundle to run, and where. */
  script: string;
  cwd: string;
  /** All that the app sees of an environment. */
  env: Record<string, string>;
  logFile: string;
  /** Told a sentence when the app dies and when it is back. */
  say(line: string): void;
  /** Given each line of its log instead of the log file. */
  echo?(line: string): void;
}

/** A supervised app. What it said of its addresses when it became ready; it keeps its ports when it is started again. */
export interface App {
  readonly name: string;
  readonly pid: number | null;
  readonly url: string | null;
  readonly metricsUrl: string | null;
  /** Fulfils when it first serves. Throws `app_failed` with the end of its log when it dies before that. */
  ready: Promise<void>;
  /** SIGTERM, and SIGKILL when that does not help in time. It is not started again. Safe to repeat. */
  stop(): Promise<void>;
  /** SIGKILL. It is not started again. Safe to repeat. */
  force(): Promise<void>;
}

// Prisma's query compiler is WebAssembly. Optimising it costs each process 0.5 to 1.5 s of CPU after its start and
// 40 to 75 MB for good, and answers come no sooner for it (measured: first 340 calls, Node 20.20, two cores).
// What is made for one request or step is thrown away soon: 2 MB of room for it in place of 16 saves each process 35 MB
// and, over a hundred creates, costs no CPU that could be measured.
const NODE_FLAGS = ['--enable-source-maps', '--liftoff-only', '--max-semi-space-size=2'];
const READY_MS_MAX = 90_000;
const STOP_MS_MAX = 30_000; // an app gives up a clean stop of its own after 25 s
const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 30_000;
const STEADY_MS = 60_000; // one that ran this long is started again at once, as if it had never died

/** Starts an app and looks after it until `stop`. */
export function startApp(options: AppOptions): App {
  const env = { ...options.env };
  const stopping = new AbortController();
  let run = runOnce(options, env);
  const ready = run.ready.then((facts) => {
    if (facts.url) env.BERTH_PORT = new URL(facts.url).port;
    if (facts.metricsUrl) env.BERTH_METRICS_PORT = new URL(facts.metricsUrl).port;
  });
  const supervise = async () => {
    await ready;
    for (let delayMs = DELAY_MS_MIN; ; delayMs = Math.min(delayMs * 2, DELAY_MS_MAX)) {
      const how = await run.ended;
      if (stopping.signal.aborted) return;
      if (run.ageMs() > STEADY_MS) delayMs = DELAY_MS_MIN;
      options.say(
        `${options.name} ended (${how}); starting it again in ${delayMs / 1000} s. Its log: ${options.logFile}`,
      );
      await sleep(delayMs, undefined, { signal: stopping.signal });
      if (stopping.signal.aborted) return;
      run = runOnce(options, env);
      await run.ready.then(() => options.say(`${options.name} is back`)).catch(() => undefined); // told by `ended` above
    }
  };
  const supervised = supervise().catch(() => undefined); // `ready` tells a failed start; an aborted sleep is a stop
  const stop = async () => {
    stopping.abort();
    await endRun(run);
    await supervised;
  };
  let stopped: Promise<void> | null = null; // a second SIGTERM would end the app before it has put things down
  return {
    name: options.name,
    get pid() {
      return run.isGone() ? null : (run.child.pid ?? null);
    },
    get url() {
      return run.facts().url ?? null;
    },
    get metricsUrl() {
      return run.facts().metricsUrl ?? null;
    },
    ready,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    force: async () => {
      stopping.abort();
      run.child.kill('SIGKILL');
      await supervised;
    },
  };
}

/** Where an app listens: for callers, and for those who look after it. */
interface ReadyFacts {
  url?: string;
  metricsUrl?: string;
}

interface Run {
  child: ChildProcess;
  ready: Promise<ReadyFacts>;
  /** Fulfils with "exit code 1" or a signal's name when the process is gone. */
  ended: Promise<string>;
  facts(): ReadyFacts;
  ageMs(): number;
  isGone(): boolean;
}

function runOnce(options: AppOptions, env: Record<string, string>): Run {
  const log = openLogFile(options.logFile);
  const output = options.echo ? 'pipe' : log.fd;
  const child = spawnTied({
    program: process.execPath,
    args: [...NODE_FLAGS, options.script],
    env,
    cwd: options.cwd,
    stdio: ['ignore', output, output, 'ipc'],
    user: null,
    onOurDeath: 'KILL', // it also sees its channel close and stops by itself; this is for one that cannot
  });
  if (options.echo) echoLines(child, options.echo);
  const started = systemClock.monotonicMs();
  let said: ReadyFacts = {};
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  void ended.then(() => log.close());
  const ready = awaitReady(options, child, ended, log).then((facts) => {
    said = facts;
    return facts;
  });
  ready.catch(() => undefined); // whoever needs to know awaits it; a process that died twice needs no warning as well
  return {
    child,
    ready,
    ended,
    facts: () => said,
    ageMs: () => systemClock.monotonicMs() - started,
    isGone: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
  };
}

async function awaitReady(
  options: AppOptions,
  child: ChildProcess,
  ended: Promise<string>,
  log: LogFile,
): Promise<ReadyFacts> {
  const late = new AbortController();
  const said = new Promise<ReadyFacts>((resolve) => {
    child.on('message', (message: unknown) => {
      if (isReadyMessage(message)) resolve(message);
    });
  });
  const died = ended.then((how) => `ended (${how}) before it was ready`);
  const slow = sleep(READY_MS_MAX, `was not ready after ${READY_MS_MAX / 1000} s`, { signal: late.signal });
  const outcome = await Promise.race([said, died, slow.catch(() => 'was not awaited')]);
  late.abort();
  if (typeof outcome !== 'string') return outcome;
  const tail = options.echo ? '' : ` The end of ${options.logFile}:\n${log.tail()}`;
  child.kill('SIGKILL');
  throw new LaunchError(
    'app_failed',
    `${options.name} ${outcome}.${tail}`,
    'Its log says why; mend that and start again.',
  );
}

function isReadyMessage(message: unknown): message is { ready: true } & ReadyFacts {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return false;
  const isText = (name: string) => ['string', 'undefined'].includes(typeof Reflect.get(message, name));
  return message.ready === true && isText('url') && isText('metricsUrl');
}

async function endRun(run: Run): Promise<void> {
  const late = new AbortController();
  if (!run.isGone()) run.child.kill('SIGTERM');
  const forced = sleep(STOP_MS_MAX, undefined, { signal: late.signal })
    .then(() => run.child.kill('SIGKILL'))
    .catch(() => undefined); // it ended in time
  await run.ended;
  late.abort();
  await forced;
}

function echoLines(child: ChildProcess, echo: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', echo);
  }
}
