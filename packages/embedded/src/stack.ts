// A whole Berth on one machine: two PostgreSQL instances (one to remember, one for tenants' databases) and every app.
// Started from the bottom up, stopped from the top down, and nothing of it outlives this process.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import { type App, startApp } from './app-process';
import { placeBinaries } from './binaries';
import { ensureHome, LOG_FOLDER } from './home';
import { LaunchError } from './launch-error';
import { type Postgresql, startPostgresql } from './postgresql';

export interface StackOptions {
  home: string;
  /** The folder with one bundle per app, and where they run. */
  appsFolder: string;
  cwd: string;
  keys: Secret;
  storePassword: Secret;
  serverPassword: Secret;
  /** Where the API listens; 0 takes any free port. */
  apiPort: number;
  logLevel: string;
  /** Where nudges travel. Default: the store. */
  queueUrl?: Secret;
  /** What the apps are given besides: PATH, TZ and the like. */
  env: Record<string, string>;
  /** Done with the store's database before any app starts: one process brings its schema up to date, not all at once. */
  prepareStore?(storeUrl: Secret): Promise<void>;
  /** Told a sentence when something dies or is back. */
  say(line: string): void;
  /** Given the apps' log lines in place of their log files. */
  echo?(app: string, line: string): void;
}

/** A stack that may be stopped at any moment, while it starts too. */
export interface Stack {
  /** Fulfils when everything serves. Throws LaunchError, after stopping what had been started; `interrupted` when
   * `stop` or `force` was called meanwhile. */
  start(): Promise<StackFacts>;
  /** api first, then workers, then the rest, then PostgreSQL. Safe to repeat. */
  stop(): Promise<void>;
  /** Ends everything at once. What was held is released by its time; PostgreSQL recovers at its next start. */
  force(): Promise<void>;
}

export interface StackFacts {
  apiUrl: string;
  /** By the app's name: where its metrics and its health are told, on this machine alone. */
  metricsUrls: Record<string, string>;
  storeUrl: Secret;
  serverUrl: Secret;
  /** Process numbers by name. */
  pids: Record<string, number>;
}

/** The name of the store's database. */
const STORE_DATABASE = 'berth';
const RESTART_DELAY_MS = 1_000;

/** Prepares a stack; nothing runs before `start`. */
export function createStack(options: StackOptions): Stack {
  const state: State = { options, servers: [], apps: [], stopping: new AbortController(), begun: Promise.resolve() };
  const stopOnce = async () => {
    state.stopping.abort();
    await stopApps(state.apps);
    await state.begun;
    await Promise.all(state.servers.map((server) => server.stop('fast')));
  };
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= stopOnce();
    return stopped;
  };
  return {
    start: async () => {
      const starting = start(state);
      state.begun = starting.then(
        () => undefined,
        () => undefined,
      );
      try {
        return await starting;
      } catch (error) {
        const wasAsked = state.stopping.signal.aborted;
        await stop();
        throw wasAsked ? new LaunchError('interrupted', 'Stopped before it was ready', '') : error;
      }
    },
    stop,
    force: async () => {
      state.stopping.abort();
      await Promise.all(state.apps.map((app) => app.force()));
      const end = () => Promise.all(state.servers.map((server) => server.stop('immediate')));
      await end();
      await state.begun;
      await end(); // one that was just being made
    },
  };
}

interface State {
  options: StackOptions;
  servers: Postgresql[];
  apps: App[];
  stopping: AbortController;
  /** Fulfils when `start` is over, one way or the other. */
  begun: Promise<void>;
}

async function start(state: State): Promise<StackFacts> {
  const { options, stopping } = state;
  await ensureHome(options.home);
  await placeBinaries(options.home);
  const [store, server] = await allOrThrow([
    startServer(state, 'store', options.storePassword, true),
    startServer(state, 'server', options.serverPassword, false), // tenants' URLs hold its port
  ]);
  await ensureDatabase(store, STORE_DATABASE);
  const storeUrl = store.url(STORE_DATABASE);
  stopping.signal.throwIfAborted();
  await options.prepareStore?.(storeUrl);
  stopping.signal.throwIfAborted();
  const names = await listApps(options.appsFolder);
  state.apps.push(...names.map((name) => startApp(appOptions(options, name, storeUrl))));
  await Promise.all(state.apps.map((app) => app.ready));
  stopping.signal.throwIfAborted();
  const pids = Object.fromEntries([...state.apps, store, server].map(({ name, pid }) => [name, pid ?? 0]));
  const apiUrl = state.apps.find((app) => app.name === 'api')?.url ?? '';
  const metricsUrls = Object.fromEntries(state.apps.map(({ name, metricsUrl }) => [name, metricsUrl ?? '']));
  return { apiUrl, metricsUrls, storeUrl, serverUrl: server.url(), pids };
}

// Unlike Promise.all it waits for both, so that no one is still starting something while what was started is stopped.
async function allOrThrow<T>([first, second]: [Promise<T>, Promise<T>]): Promise<[T, T]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

async function startServer(state: State, name: string, password: Secret, mayMove: boolean): Promise<Postgresql> {
  const { home, say } = state.options;
  const server = await startPostgresql({ home, name, superuserPassword: password, mayMove });
  state.servers.push(server);
  server.onDeath(async () => {
    say(`PostgreSQL "${name}" ended by itself; starting it again. Its log: ${server.logFile}`);
    for (;;) {
      try {
        await sleep(RESTART_DELAY_MS, undefined, { signal: state.stopping.signal });
        await server.restart();
        if (state.stopping.signal.aborted) return await server.stop();
        return say(`PostgreSQL "${name}" is back`);
      } catch (error) {
        if (state.stopping.signal.aborted) return await server.stop();
        say(`PostgreSQL "${name}" did not start: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });
  return server;
}

async function ensureDatabase(server: Postgresql, name: string): Promise<void> {
  const client = new Client({ connectionString: server.url().reveal() });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function listApps(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -'.js'.length));
}

function appOptions(options: StackOptions, name: string, storeUrl: Secret): Parameters<typeof startApp>[0] {
  const { echo } = options;
  return {
    name,
    script: join(options.appsFolder, `${name}.js`),
    cwd: options.cwd,
    logFile: join(options.home, LOG_FOLDER, `${name}.log`),
    say: options.say,
    ...(echo ? { echo: (line: string) => echo(name, line) } : {}),
    env: {
      ...options.env,
      NODE_ENV: 'production',
      BERTH_STORE_URL: storeUrl.reveal(),
      BERTH_QUEUE_URL: (options.queueUrl ?? storeUrl).reveal(),
      BERTH_KEYS: options.keys.reveal(),
      BERTH_HOST: '127.0.0.1',
      BERTH_PORT: String(options.apiPort),
      BERTH_METRICS_HOST: '127.0.0.1',
      BERTH_METRICS_PORT: '0',
      BERTH_MIGRATE: 'apply',
      BERTH_LOG_LEVEL: options.logLevel,
    },
  };
}

// First no new requests, then no new work, then no more maintenance of it.
const STOP_ORDER = [(name: string) => name === 'api', (name: string) => name.startsWith('worker-'), () => true];

async function stopApps(apps: App[]): Promise<void> {
  const left = new Set(apps);
  for (const isNow of STOP_ORDER) {
    const group = [...left].filter((app) => isNow(app.name));
    for (const app of group) left.delete(app);
    await Promise.all(group.map((app) => app.stop()));
  }
}
