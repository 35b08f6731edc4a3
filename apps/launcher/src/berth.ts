// An embedded Berth on one home: the stack of packages/embedded, its secrets, its first data, and ready.json.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '@berth/core';
import {
  createStack,
  ensureHome,
  ensureSecretFile,
  type HomeLock,
  isPortFree,
  LaunchError,
  lockHome,
  removeReadyFile,
  type StackFacts,
  writeReadyFile,
} from '@berth/embedded';
import { makeKey, makePassword, makeToken } from '@berth/secrets';
import type { Terminal } from './terminal';

export interface BerthOptions {
  home: string;
  apiPort: number;
  echoLogs: boolean;
  logLevel: string;
  /** Where nudges travel. Default: the store. */
  queueUrl?: Secret;
  /** The environment of the launcher, of which the apps are given PATH, HOME, TZ and proxies at most. */
  env: Record<string, string | undefined>;
  terminal: Terminal;
}

/** What is known of a running Berth. */
export interface BerthFacts extends StackFacts {
  token: Secret;
  tokenFile: string;
}

/** A Berth that may be stopped at any moment, while it starts too. */
export interface Berth {
  /** Fulfils when it serves and has its first data. Throws LaunchError with nothing left running. */
  start(): Promise<BerthFacts>;
  /** In order, losing nothing. Safe to repeat. */
  stop(): Promise<void>;
  /** At once. Safe to repeat. */
  force(): Promise<void>;
}

/** Takes the home (throws `home_locked` when another Berth has it) and prepares everything that does not run yet. */
export async function openBerth(options: BerthOptions): Promise<Berth> {
  const { home, apiPort, terminal } = options;
  await ensureHome(home);
  await refuseLostKeys(home);
  const lock = lockHome(home);
  await removeReadyFile(home);
  const token = await ensureSecretFile(join(home, 'token'), makeToken);
  const stack = createStack({
    home,
    appsFolder: join(cloneFolder(), 'dist'),
    cwd: cloneFolder(),
    keys: await ensureSecretFile(join(home, KEYS), () => makeKey('embedded-1')),
    storePassword: await ensureSecretFile(join(home, 'store-password'), makePassword),
    serverPassword: await ensureSecretFile(join(home, 'server-password'), makePassword),
    apiPort,
    ...(options.queueUrl && { queueUrl: options.queueUrl }),
    logLevel: options.logLevel,
    env: appEnvironment(options.env),
    prepareStore: async (storeUrl) => (await loadFirstRun()).prepareStore(storeUrl),
    say: terminal.say,
    ...(options.echoLogs ? { echo: (app: string, line: string) => terminal.say(`${app}: ${line}`) } : {}),
  });
  return {
    start: async () => {
      try {
        if (apiPort !== 0 && !(await isPortFree(apiPort))) throw apiPortTaken(apiPort);
        const facts = await stack.start();
        const { runFirst } = await loadFirstRun();
        await runFirst({ ...facts, token });
        await writeReadyFile(home, { ...facts, token });
        return { ...facts, token, tokenFile: join(home, 'token') };
      } catch (error) {
        await end(home, lock, stack.stop);
        throw error;
      }
    },
    stop: () => end(home, lock, stack.stop),
    force: () => end(home, lock, stack.force),
  };
}

// With all of the store's code, 0.3 s to load: not before it is known that this start will come so far.
function loadFirstRun(): Promise<typeof import('./first-run')> {
  return import('./first-run');
}

async function end(home: string, lock: HomeLock, stopStack: () => Promise<void>): Promise<void> {
  await removeReadyFile(home);
  await stopStack();
  await removeReadyFile(home); // a start that was just finishing may have written it meanwhile
  lock.release();
}

const KEYS = 'keys';

// Bundled as dist/launcher/<command>.js.
function cloneFolder(): string {
  return join(__dirname, '..', '..');
}

const TRACES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_TRACES_SAMPLER_ARG'];
/** What somebody who tries clients of another product needs, before there are processes of their own. */
const OF_THE_API = [
  'BERTH_ALLOWED_ORIGINS',
  'BERTH_DIALECT_HOSTS',
  'BERTH_HIDDEN_QUARANTINE',
  'BERTH_OPEN_SIGNUP',
  'BERTH_REFUSALS_PER_MINUTE',
  'BERTH_REQUESTS_PER_MINUTE',
  'BERTH_SIGNUP_DEFAULTS',
  'BERTH_TRUSTED_PROXIES',
];
const OF_THE_SYSTEM = ['PATH', 'HOME', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];
const PASSED_ON = [...OF_THE_SYSTEM, ...OF_THE_API, 'BERTH_KEYS_LOST', ...TRACES];

function appEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = env[name];
    if (value) passed[name] = value;
  }
  return passed;
}

/** A fresh key would open nothing of what an earlier start has sealed: the file is made before the store is, so it was lost. */
async function refuseLostKeys(home: string): Promise<void> {
  const file = join(home, KEYS);
  if (existsSync(file) || !existsSync(join(home, 'store', 'data'))) return;
  throw new LaunchError(
    'keys_lost',
    `The file ${file} is gone: it held the keys of every password that Berth keeps in ${home}`,
    'Put it back from a backup. Without one the databases are still there, and their passwords cannot be read again: ' +
      'write a new key with another id into it (echo "embedded-2:$(openssl rand -base64 32)"), set ' +
      'BERTH_KEYS_LOST=embedded-1, and follow "A lost key" in docs/operations.md.',
  );
}

function apiPortTaken(port: number): LaunchError {
  return new LaunchError(
    'port_taken',
    `Port ${port} of 127.0.0.1, where the API should listen, is taken`,
    'Stop what uses it, or choose another: BERTH_PORT=8081 npm start (0 takes any free one).',
  );
}
