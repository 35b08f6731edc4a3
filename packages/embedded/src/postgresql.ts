// An embedded PostgreSQL: one instance with its own data directory, port and superuser, on 127.0.0.1 only.
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { type Binaries, placeBinaries } from './binaries';
import { ensureDataDirectory, SUPERUSER } from './data-directory';
import { ensureHome, LOG_FOLDER } from './home';
import { systemCode } from './launch-error';
import { choosePostgresqlUser, type OsUser } from './os-user';
import { findFreePort, isPortFree } from './port';
import { launchPostmaster, type Postmaster, stopPostmaster } from './postmaster';
import { replacePrivateFile } from './private-file';

export interface PostgresqlOptions {
  /** The folder it lives in: its data in `<home>/<name>`, its log in `<home>/log/<name>.log`. Made if not there. */
  home: string;
  name: string;
  superuserPassword: Secret;
  /** This port and no other. Without it: the one it had last time, else any free one. */
  port?: number;
  /** Whether another port is as good when the one of last time is taken. Default: no, others may know the old one. */
  mayMove?: boolean;
  /** Settings of postgresql.conf over our own. `fsync: 'off'` is for tests alone. */
  settings?: Record<string, string>;
  /** A data directory of a stopped instance with the same password, copied in place of running initdb. */
  template?: string;
  /** Programs placed before, shared by several homes. Default: placed in `home`. */
  binaries?: Binaries;
}

/** A running instance. `pid`, `port` are as of now; after `kill9` or `stop`, `restart` brings the same data back. */
export interface Postgresql {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly superuser: string;
  readonly dataDirectory: string;
  readonly logFile: string;
  /** Where the superuser connects; `database` is `postgres` unless told. */
  url(database?: string): Secret;
  /** `fast` writes everything down first; `immediate` does not wait. Safe to repeat. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** As a crash does: kill -9 of the main process, and wait until it is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after a fast stop if it still runs. */
  restart(): Promise<void>;
  /** Calls `listener` each time the main process ends without `stop`, `kill9` or `restart` having been called. */
  onDeath(listener: () => void): void;
}

const HOST = '127.0.0.1';
const PORT_TRIES_MAX = 5;
const SOCKET_PATH_BYTES_MAX = 107; // sun_path of unix(7), less its end mark
const SOCKET_FILE = '/.s.PGSQL.65535';

/** Starts an instance, made first if it is not there, and waits until it takes connections. Throws LaunchError. */
export async function startPostgresql(options: PostgresqlOptions): Promise<Postgresql> {
  const instance = await prepareInstance(options);
  let { port, postmaster } = await launchOnSomePort(options, instance);
  let isWanted = true;
  const listeners: (() => void)[] = [];
  const watch = (watched: Postmaster) =>
    watched.exited.then(() => {
      if (isWanted && watched === postmaster) for (const listener of listeners) listener();
    });
  watch(postmaster);
  const end = async (mode: 'fast' | 'immediate' | 'kill') => {
    isWanted = false;
    await stopPostmaster(postmaster, mode);
  };
  return {
    name: options.name,
    host: HOST,
    get port() {
      return port;
    },
    get pid() {
      return postmaster.pid;
    },
    superuser: SUPERUSER,
    dataDirectory: instance.dataDirectory,
    logFile: instance.logFile,
    url: (database = 'postgres') => urlOf(options.superuserPassword, port, database),
    stop: (mode = 'fast') => end(mode),
    kill9: () => end('kill'),
    restart: async () => {
      await end('fast');
      ({ port, postmaster } = await launchOnSomePort({ ...options, port }, instance));
      isWanted = true;
      watch(postmaster);
    },
    onDeath: (listener) => listeners.push(listener),
  };
}

interface Instance {
  binaries: Binaries;
  user: OsUser | null;
  folder: string;
  dataDirectory: string;
  logFile: string;
  /** Beside its folder, not in it: that one is of whoever runs it for root, and root writes to no link of theirs. */
  portFile: string;
}

async function prepareInstance(options: PostgresqlOptions): Promise<Instance> {
  await ensureHome(options.home);
  const home = await realpath(options.home); // the running process is known by its folder, links resolved
  const folder = join(home, options.name);
  const dataDirectory = join(folder, 'data');
  const binaries = options.binaries ?? (await placeBinaries(home));
  const user = choosePostgresqlUser(dataDirectory);
  await ensureDataDirectory({
    path: dataDirectory,
    binaries,
    user,
    superuserPassword: options.superuserPassword,
    ...(options.template ? { template: options.template } : {}),
  });
  const logFile = join(home, LOG_FOLDER, `${options.name}.log`);
  return { binaries, user, folder, dataDirectory, logFile, portFile: join(home, `${options.name}.port`) };
}

async function launchOnSomePort(
  options: PostgresqlOptions,
  instance: Instance,
): Promise<{ port: number; postmaster: Postmaster }> {
  const last = (await readPort(instance.portFile)) ?? (await readPort(join(instance.folder, 'port'))); // of an older version
  const fixed = options.port ?? (options.mayMove ? null : last);
  for (let tries = 1; ; tries++) {
    const port = fixed ?? (await choosePort(last));
    try {
      const settings = { ...ownSettings(instance.folder, port), ...options.settings };
      const postmaster = await launchPostmaster({ ...instance, settings });
      await replacePrivateFile(instance.portFile, String(port));
      return { port, postmaster };
    } catch (error) {
      const mayTryAgain = fixed === null && tries < PORT_TRIES_MAX;
      if (!mayTryAgain || systemCode(error) !== 'port_taken') throw error;
    }
  }
}

async function choosePort(last: number | null): Promise<number> {
  return last !== null && (await isPortFree(last)) ? last : findFreePort();
}

async function readPort(portFile: string): Promise<number | null> {
  try {
    return Number.parseInt(await readFile(portFile, 'utf8'), 10) || null;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function ownSettings(folder: string, port: number): Record<string, string> {
  const isShort = Buffer.byteLength(folder + SOCKET_FILE) <= SOCKET_PATH_BYTES_MAX;
  return {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: isShort ? `"${folder.replaceAll('"', '""')}"` : '',
    unix_socket_permissions: '0700',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    shared_buffers: '32MB', // two instances share the machine with everything else of its owner
  };
}

function urlOf(password: Secret, port: number, database: string): Secret {
  const secret = encodeURIComponent(password.reveal());
  return new Secret(`postgres://${SUPERUSER}:${secret}@${HOST}:${port}/${encodeURIComponent(database)}`);
}
