// Redis servers of a run, each on a private port of 127.0.0.1 and in a folder of the run: one that all files share, each
// in a database of its own, and others for files that stop them or take their memory away.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { findFreePort, spawnTied } from '@berth/embedded';
import { serversPath } from './ensure-program';
import { eventually } from './eventually';
import { testServers } from './stack';

export interface TestRedis {
  url: Secret;
  readonly port: number;
  /** Sends one command and returns its answer as Redis wrote it, for what no client is needed. */
  send(command: string): Promise<string>;
  /** From now on it answers nobody, and the system goes on taking connections for it; until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** As a power cut does: what was not written yet is gone. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, with what its append-only file holds, or with nothing. */
  restart(how?: { isEmpty: boolean }): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
}

/** A free port may be lost before it is taken. */
const TRIES_MAX = 3;
const READY_MS_MAX = 10_000;
/** A command is answered within this, or the server is taken for dead. */
const ANSWER_MS_MAX = 5_000;

/** Why this run has no Redis, as the global setup found; null when it has. For `describeWhere`. */
export function whyNoRedis(): string | null {
  return process.env.BERTH_TEST_NO_REDIS ?? null;
}

/** Starts one of one's own, with settings over those of the tests. Close it in afterAll. */
export function openTestRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  return startRedis(testServers().home, settings);
}

/** Starts one in the folder of the run and waits until it answers. */
export async function startRedis(home: string, settings: Record<string, string> = {}): Promise<TestRedis> {
  const folder = await mkdtemp(join(home, 'redis-'));
  const { port, child } = await launchSomewhere(folder, settings);
  let server = child;
  const kill9 = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: new Secret(`redis://127.0.0.1:${port}`),
    port,
    send: (command) => askRedis(port, command),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    kill9,
    async restart({ isEmpty } = { isEmpty: false }) {
      await kill9();
      if (isEmpty) await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      server = await launch(folder, port, settings);
    },
    async close() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
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

async function launch(folder: string, port: number, over: Record<string, string>): Promise<ChildProcess> {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
    ...over,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawnTied({
    program: 'redis-server',
    args: flags,
    env: { PATH: serversPath() },
    cwd: folder,
    stdio: 'ignore',
    user: null,
    onOurDeath: 'KILL',
  });
  const gone = once(child, 'exit').then(() => {
    throw new Error(`redis-server ended before it answered on port ${port}`);
  });
  const answers = () =>
    askRedis(port, 'PING').then(
      (text) => text.startsWith('+PONG'),
      () => false,
    );
  await Promise.race([gone, eventually(answers, { timeoutMs: READY_MS_MAX, what: 'redis-server to answer' })]);
  gone.catch(() => {}); // it ends one day, and then nobody waits for its start
  return child;
}

/** All keys of the database that a URL names and what is in them, as text, to look for what must not be there. */
export async function dumpRedis(url: Secret): Promise<string> {
  const { port, pathname } = new URL(url.reveal());
  return askRedis(Number(port), `EVAL "${DUMP}" 0 ${pathname.slice(1) || 0}`);
}

const DUMP = `redis.call('SELECT', ARGV[1])
  local reads = {hash = {'HGETALL'}, list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, string = {'GET'},
    zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, stream = {'XRANGE', '-', '+'}}
  local found = {}
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local read = reads[redis.call('TYPE', key).ok]
    local command, from, to, how = unpack(read)
    local args = {key}
    for _, each in ipairs({from, to, how}) do args[#args + 1] = each end
    found[#found + 1] = key .. ' ' .. cjson.encode(redis.call(command, unpack(args)))
  end
  return table.concat(found, '; ')`.replace(/\s+/g, ' ');

/** One inline command, one connection: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands */
export function askRedis(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`Redis did not answer ${command}`)));
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.on('data', (text: string) => {
      answer += text;
      if (!isWhole(answer)) return;
      socket.destroy();
      resolve(answer);
    });
    socket.write(`${command}\r\n`);
  });
}

/** A line, or a length and a text as long as that. */
function isWhole(answer: string): boolean {
  const [, length, text = ''] = /^\$(\d+)\r\n([\s\S]*)$/.exec(answer) ?? [];
  return length === undefined ? answer.endsWith('\r\n') : Buffer.byteLength(text) >= Number(length) + 2;
}
