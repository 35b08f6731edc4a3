// A MariaDB of one's own from the programs that the machine has: in a folder, on 127.0.0.1 only, and gone when we are.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Secret, systemClock } from '@berth/core';
import { LaunchError } from './launch-error';
import { findFreePort } from './port';
import { spawnTied } from './tied-process';

/** What has to be on the machine: without the second, making a data directory does nothing. */
export const MARIADB_PROGRAMS = ['mariadbd', 'my_print_defaults'] as const;

export interface MariadbOptions {
  /** Where it lives, with its data directory in `data`; see `makeMariadbData`. */
  folder: string;
  /** Of its only user, `root`, who may do everything, from anywhere. A text that needs no quoting in SQL. */
  rootPassword: Secret;
  /** Settings over those that keep it to itself. */
  settings?: Record<string, string>;
  /** Where its programs are. */
  path: string;
}

/** A running server. */
export interface Mariadb {
  /** `mysql://root:…@127.0.0.1:port`. */
  url: Secret;
  readonly port: number;
  /** Its main process, of now. */
  readonly process: ChildProcess;
  /** As a power cut does, and waits until it is gone. Safe to repeat. */
  kill9(): Promise<void>;
  /** Kills it and starts it again on the same port, with its data. */
  restart(): Promise<void>;
  /** What went wrong in it, in its own words; empty when nothing did. */
  readErrors(): Promise<string>;
}

/** A free port may be lost before it is taken. */
const TRIES_MAX = 3;
const READY_MS_MAX = 30_000;
const POLL_MS = 25;
const GREETING_MS_MAX = 1_000;

/** Makes a data directory, whole or not at all. Takes some seconds. Throws when the program does. */
export async function makeMariadbData(directory: string, path: string): Promise<void> {
  const flags = { ...user(), 'auth-root-authentication-method': 'normal', 'skip-test-db': undefined };
  const env = { PATH: path };
  await promisify(execFile)('mariadb-install-db', flagsOf({ ...flags, datadir: directory }), { env });
}

/** Starts it and waits until it takes connections. Throws LaunchError `server_failed` with its log. */
export async function startMariadb(options: MariadbOptions): Promise<Mariadb> {
  const { port, child: first } = await launchSomewhere(options);
  let child = first;
  const kill9 = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    url: new Secret(`mysql://root:${options.rootPassword.reveal()}@127.0.0.1:${port}`),
    port,
    get process() {
      return child;
    },
    kill9,
    async restart() {
      await kill9();
      child = await launch(options, port);
    },
    readErrors: () => readErrors(options.folder),
  };
}

/** The server refuses to run as root unless it is told to. */
const user = () => (process.getuid?.() === 0 ? { user: 'root' } : {});

function flagsOf(settings: Record<string, string | undefined>): string[] {
  const flags = Object.entries(settings).map(([name, value]) => `--${name}${value === undefined ? '' : `=${value}`}`);
  return ['--no-defaults', ...flags];
}

/** On another port where somebody took the first one meanwhile. */
async function launchSomewhere(options: MariadbOptions) {
  for (let tries = 1; ; tries += 1) {
    const port = await findFreePort();
    try {
      return { port, child: await launch(options, port) };
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    }
  }
}

/** One superuser with a password, as the images of MariaDB have it. */
const firstStatements = (password: Secret) => `
  CREATE OR REPLACE USER root@'%' IDENTIFIED BY '${password.reveal()}';
  GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
  DROP USER IF EXISTS root@localhost, root@'127.0.0.1', root@'::1';
  `;

async function launch({ folder, path, rootPassword, settings }: MariadbOptions, port: number): Promise<ChildProcess> {
  const initFile = join(folder, 'init.sql');
  await writeFile(initFile, firstStatements(rootPassword), { mode: 0o600 });
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const own = {
    ...user(),
    'bind-address': '127.0.0.1',
    'skip-name-resolve': 'ON',
    datadir: join(folder, 'data'),
    port: String(port),
    tmpdir: join(folder, 'tmp'), // a server that starts removes the temporary tables of all others that share it
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'pid'),
    'log-error': join(folder, ERRORS),
    'init-file': initFile,
    ...settings,
  };
  const child = spawnTied({
    program: 'mariadbd',
    args: flagsOf(own),
    env: { PATH: path },
    cwd: folder,
    stdio: 'ignore',
    user: null,
    onOurDeath: 'KILL',
  });
  const deadline = systemClock.monotonicMs() + READY_MS_MAX;
  while (child.exitCode === null && child.signalCode === null && systemClock.monotonicMs() < deadline) {
    if (await greets(port)) return child;
    await sleep(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new LaunchError(
    'server_failed',
    `mariadbd did not come to listen on port ${port}:\n${await readErrors(folder)}`,
    'Its words above say why.',
  );
}

const ERRORS = 'error.log';
const readErrors = (folder: string) => readFile(join(folder, ERRORS), 'utf8').catch(() => '');

/** Whether somebody says hello there; a server that starts has read its init file by then. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(GREETING_MS_MAX, () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('data', () => answer(true));
    socket.once('end', () => answer(false));
  });
}
