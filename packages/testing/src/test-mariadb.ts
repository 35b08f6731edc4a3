// MariaDB servers of a run, each on a private port of 127.0.0.1 and in a folder of the run: one that all files share, and others
// for files that stop them. Fast and forgetful: they lose data in a power cut, and nothing else.
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Secret } from '@berth/core';
import { findFreePort, spawnTied } from '@berth/embedded';
import { serversPath } from './ensure-program';
import { eventually } from './eventually';
import { testServers } from './stack';
import { TEST_PASSWORD } from './test-postgresql';

export interface TestMariadb {
  /** `mysql://root:…@127.0.0.1:port`: root, who may do everything, from anywhere. */
  url: Secret;
  readonly port: number;
  /** What the server itself wrote: its errors, then every statement as it logs them. */
  readLog(): Promise<string>;
  /** From now on it answers nobody, and the system goes on taking connections for it; until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** As a power cut does. */
  kill9(): Promise<void>;
  /** Kills it and starts it again on the same port, with its data. */
  restart(): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** A free port may be lost before it is taken. */
const TRIES_MAX = 3;
const READY_MS_MAX = 30_000;
const SETTINGS = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'max-connections': '300',
  'event-scheduler': 'ON',
  'character-set-server': 'utf8mb4',
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '8M',
  'innodb-flush-log-at-trx-commit': '0',
  'performance-schema': 'OFF',
  'general-log': 'ON',
};

/** Why this run has no MariaDB, as the global setup found; null when it has. For `describeWhere`. */
export function whyNoMariadb(): string | null {
  return process.env.BERTH_TEST_NO_MARIADB ?? null;
}

/** Starts one of one's own, with settings over those of the tests. Close it in afterAll. */
export function openTestMariadb(settings: Record<string, string> = {}): Promise<TestMariadb> {
  return startMariadb(testServers().home, settings);
}

/** Starts one in the folder of the run and waits until it takes connections. The first makes a pattern that others copy. */
export async function startMariadb(home: string, settings: Record<string, string> = {}): Promise<TestMariadb> {
  const folder = await mkdtemp(join(home, 'mariadb-'));
  await cp(await ensurePattern(home), join(folder, 'data'), { recursive: true });
  const { port, child } = await launchSomewhere(folder, settings).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  let server = child;
  const kill9 = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: new Secret(`mysql://root:${TEST_PASSWORD.reveal()}@127.0.0.1:${port}`),
    port,
    readLog: async () => `${await read(folder, 'error.log')}${await read(folder, 'statements.log')}`,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    kill9,
    async restart() {
      await kill9();
      server = await launch(folder, port, settings);
    },
    async close() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const read = (folder: string, name: string) => readFile(join(folder, name), 'utf8').catch(() => '');

/** A data directory that was never started, made once: copied in 0.1 s, made in some seconds. */
async function ensurePattern(home: string): Promise<string> {
  const pattern = join(home, 'mariadb-pattern');
  const isNew = await mkdir(pattern).then(
    () => true,
    () => false, // the global setup was here first, and has ended since
  );
  if (!isNew) return pattern;
  await promisify(execFile)('mariadb-install-db', flagsOf({ ...installation(), datadir: pattern }), {
    env: { PATH: serversPath(), HOME: home },
  });
  return pattern;
}

const installation = () => ({ ...user(), 'auth-root-authentication-method': 'normal', 'skip-test-db': undefined });

/** The server refuses to run as root unless it is told to. */
const user = () => (process.getuid?.() === 0 ? { user: 'root' } : {});

function flagsOf(settings: Record<string, string | undefined>): string[] {
  const flags = Object.entries(settings).map(([name, value]) => `--${name}${value === undefined ? '' : `=${value}`}`);
  return ['--no-defaults', ...flags];
}

/** On another port where somebody took the first one meanwhile. */
async function launchSomewhere(folder: string, settings: Record<string, string>) {
  for (let tries = 1; ; tries += 1) {
    const port = await findFreePort();
    try {
      return { port, child: await launch(folder, port, settings) };
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    }
  }
}

/** One superuser with a password, as the images of MariaDB have it. */
const FIRST_STATEMENTS = `
  CREATE OR REPLACE USER root@'%' IDENTIFIED BY '${TEST_PASSWORD.reveal()}';
  GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
  DROP USER IF EXISTS root@localhost, root@'127.0.0.1', root@'::1';
  `;

async function launch(folder: string, port: number, over: Record<string, string>): Promise<ChildProcess> {
  await writeFile(join(folder, 'init.sql'), FIRST_STATEMENTS, { mode: 0o600 });
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const settings = {
    ...SETTINGS,
    ...user(),
    datadir: join(folder, 'data'),
    port: String(port),
    tmpdir: join(folder, 'tmp'), // a server that starts removes the temporary tables of all others that share it
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'pid'),
    'log-error': join(folder, 'error.log'),
    'general-log-file': join(folder, 'statements.log'),
    'init-file': join(folder, 'init.sql'),
    ...over,
  };
  const child = spawnTied({
    program: 'mariadbd',
    args: flagsOf(settings),
    env: { PATH: serversPath() },
    cwd: folder,
    stdio: 'ignore',
    user: null,
    onOurDeath: 'KILL',
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  await eventually(async () => isOver() || (await greets(port)), {
    timeoutMs: READY_MS_MAX,
    what: 'mariadbd to listen',
  });
  if (!isOver()) return child;
  throw new Error(`mariadbd ended before it listened on port ${port}:\n${await read(folder, 'error.log')}`);
}

/** Whether somebody says hello there; a server that starts has read its init file by then. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('data', () => answer(true));
    socket.once('end', () => answer(false));
  });
}
