// A MongoDB of one's own from the program that the machine has: in a folder, on 127.0.0.1 only, and gone when we are.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret, systemClock } from '@berth/core';
import { MongoClient } from 'mongodb';
import { LaunchError } from './launch-error';
import { findFreePort } from './port';
import { spawnTied } from './tied-process';

export const MONGODB_PROGRAMS = ['mongod'] as const;

export interface MongodbOptions {
  /** An empty folder, where its data go. */
  folder: string;
  /** Of its first user, who may do everything. Texts that need no encoding in a URL. */
  admin: { username: string; password: string };
  /** Where its program is. */
  path: string;
}

export interface Mongodb {
  /** `mongodb://user:…@127.0.0.1:port/admin?authSource=admin`. */
  url: Secret;
  /** As a power cut does, and waits until it is gone. */
  kill9(): Promise<void>;
}

const READY_MS_MAX = 15_000;
const POLL_MS = 100;

/** Starts it with authorization, and makes its first user, as a server without one allows this machine once. Throws LaunchError `server_failed`. */
export async function startMongodb({ folder, admin, path }: MongodbOptions): Promise<Mongodb> {
  const port = await findFreePort();
  const child = spawnTied({
    program: 'mongod',
    args: ['--auth', '--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', folder, '--quiet'],
    env: { PATH: path },
    cwd: folder,
    stdio: 'ignore',
    user: null,
    onOurDeath: 'KILL',
  });
  const exit = once(child, 'exit');
  const kill9 = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  const deadline = systemClock.monotonicMs() + READY_MS_MAX;
  while (child.exitCode === null && systemClock.monotonicMs() < deadline) {
    if (await makeAdmin(port, admin)) return { url: urlOf(port, admin), kill9 };
    await sleep(POLL_MS);
  }
  await kill9();
  throw new LaunchError('server_failed', 'mongod did not come to take its first user', 'Try it by hand, with --auth.');
}

function urlOf(port: number, { username, password }: MongodbOptions['admin']): Secret {
  return new Secret(`mongodb://${username}:${password}@127.0.0.1:${port}/admin?authSource=admin`);
}

async function makeAdmin(port: number, { username, password }: MongodbOptions['admin']): Promise<boolean> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: READY_MS_MAX,
  });
  try {
    await client.db('admin').command({ createUser: username, pwd: password, roles: [{ role: 'root', db: 'admin' }] });
    return true;
  } catch {
    return false; // it is not up yet: asked again until the deadline
  } finally {
    await client.close();
  }
}
