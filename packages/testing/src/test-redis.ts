// A Redis server of one's own, on a private port of 127.0.0.1 and in a folder of the run, for files that use it as a queue,
// stop it, or take its memory away.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { findFreePort } from '@berth/embedded';
import { eventually } from './eventually';
import { testServers } from './stack';

export interface TestRedis {
  url: Secret;
  readonly port: number;
  /** Sends one command and returns its answer as Redis wrote it, for what no client is needed. */
  send(command: string): Promise<string>;
  /** As a power cut does; what was not written yet is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, with what its append-only file holds. */
  restart(): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

const READY_MS_MAX = 10_000;
/** A command is answered within this, or the server is taken for dead. */
const ANSWER_MS_MAX = 5_000;

/** Why this run has no Redis, as the global setup found; null when it has. For `describeWhere`. */
export function whyNoRedis(): string | null {
  return process.env.BERTH_TEST_NO_REDIS ?? null;
}

/** Starts one and waits until it answers. Close it in afterAll. */
export async function openTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(testServers().home, 'redis-'));
  const port = await findFreePort();
  let server = await launch(folder, port);
  const kill9 = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: new Secret(`redis://127.0.0.1:${port}`),
    port,
    send: (command) => ask(port, command),
    kill9,
    async restart() {
      await kill9();
      server = await launch(folder, port);
    },
    async close() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number): Promise<ChildProcess> {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', flags, { stdio: 'ignore' });
  const gone = once(child, 'exit').then(() => {
    throw new Error(`redis-server ended before it answered on port ${port}`);
  });
  const answers = () =>
    ask(port, 'PING').then(
      (text) => text.startsWith('+PONG'),
      () => false,
    );
  await Promise.race([gone, eventually(answers, { timeoutMs: READY_MS_MAX, what: 'redis-server to answer' })]);
  gone.catch(() => {}); // it ends one day, and then nobody waits for its start
  return child;
}

/** One inline command, one connection: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`Redis did not answer ${command}`)));
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.once('data', (text: string) => {
      socket.destroy();
      resolve(text);
    });
    socket.write(`${command}\r\n`);
  });
}
