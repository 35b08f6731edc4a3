// `npm start` as its user and their scripts see it: the real bundles, real processes, one home.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, testWhere } from '@berth/testing';

const ROOT = join(__dirname, '../../..');
const START_MS_MAX = 120_000; // three test files at once on two cores

let folder: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  const prepared = spawnSync(process.execPath, ['apps/launcher/prepare.mjs'], { cwd: ROOT, encoding: 'utf8' });
  if (prepared.status !== 0) throw new Error(prepared.stderr);
  folder = await mkdtemp(join(tmpdir(), 'berth-start-'));
  await chmod(folder, 0o711); // for root: whoever runs PostgreSQL must pass
}, START_MS_MAX);

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Started {
  child: ChildProcess;
  said(): string;
  exited: Promise<number | null>;
}

function start(home: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, ['dist/launcher/start.js'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', BERTH_HOME: home, BERTH_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const chunks: string[] = [];
  child.stdout.on('data', (chunk) => chunks.push(String(chunk)));
  return { child, said: () => chunks.join(''), exited: once(child, 'close').then(([code]) => code) };
}

/** What the index of Globo's API says to who asks for it at this host. */
async function answerTo({ api_url }: Ready, host: string): Promise<string> {
  const asked = get(`${api_url}/api/`, { headers: { host } });
  const [response]: IncomingMessage[] = await once(asked, 'response');
  return response === undefined ? '' : text(response);
}

interface Ready {
  api_url: string;
  token: string;
  store_url: string;
  server_url: string;
  pid: number;
}

async function readyOf(home: string, started: Started): Promise<Ready> {
  return await eventually(
    async () => {
      if (started.child.exitCode !== null) return { ...JSON.parse('{}'), pid: -1 };
      return JSON.parse(await readFile(join(home, 'ready.json'), 'utf8'));
    },
    { timeoutMs: START_MS_MAX, what: 'ready.json' },
  );
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function serverNames({ api_url, token }: Ready): Promise<string[]> {
  const response = await fetch(`${api_url}/v1/servers`, { headers: { Authorization: `Bearer ${token}` } });
  const { data } = (await response.json()) as { data: { name: string; state: string }[] };
  return data.map(({ name, state }) => `${name} ${state}`);
}

/** What the first rows are called, each noun in the order of the alphabet. */
async function firstNames({ api_url, token }: Ready): Promise<string> {
  const nouns = ['teams', 'projects', 'environments', 'plans', 'pools'];
  const names = nouns.map(async (noun) => {
    const response = await fetch(`${api_url}/v1/${noun}`, { headers: { Authorization: `Bearer ${token}` } });
    const { data } = (await response.json()) as { data: { name: string }[] };
    return `${noun}: ${data.map(({ name }) => name).sort()}`;
  });
  return (await Promise.all(names)).join('; ');
}

async function renameServer({ api_url, token }: Ready, name: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const list = await fetch(`${api_url}/v1/servers`, { headers });
  const { data } = (await list.json()) as { data: { id: string }[] };
  const body = JSON.stringify({ name });
  const changed = await fetch(`${api_url}/v1/servers/${data[0]?.id}`, { method: 'PATCH', headers, body });
  expect(changed.status).toBe(200);
}

// A process counts as gone when it is a zombie: whoever adopted it has not looked yet.
async function livingChildren(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && text.slice(text.lastIndexOf(')') + 2)[0] !== 'Z';
}

describe('npm start', () => {
  it(
    'serves, keeps a second one out, stops on Ctrl-C, dies whole with kill -9, and finds everything again',
    async () => {
      const home = join(folder, 'home');
      const first = start(home, { BERTH_DIALECT_HOSTS: 'globo=dbaas.example.org' });
      const ready = await readyOf(home, first);
      expect(ready).toEqual({
        api_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        metrics_urls: {
          api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          maintenance: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          'worker-mongodb': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          'worker-mysql': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          'worker-postgresql': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        },
        token: expect.stringMatching(/^berth_/),
        store_url: expect.stringMatching(/^postgres:\/\/.*\/berth$/),
        server_url: expect.stringMatching(/^postgres:\/\//),
        pid: first.child.pid,
      });
      expect((await stat(join(home, 'ready.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(join(home, 'token'))).mode & 0o777).toBe(0o600);
      expect((await readFile(join(home, 'token'), 'utf8')).trim()).toBe(ready.token);
      await eventually(() => first.said().includes(`Docs   ${ready.api_url}/docs`), {
        what: 'it to say where it serves',
      });
      expect(first.said().split('\n')[0]).toBe(`Starting PostgreSQL and the processes of Berth in ${home} …`);
      expect(await serverNames(ready)).toEqual(['embedded active']);
      expect(await answerTo(ready, 'dbaas.example.org')).toContain('Authentication credentials were not provided.');
      expect(await firstNames(ready)).toBe(
        'teams: first; projects: default; environments: development,production; plans: large,large,large,small,small,small; ' +
          'pools: mongodb-development,mongodb-production,mysql-development,mysql-production,postgresql-development,postgresql-production',
      );

      const second = start(home);
      expect(await second.exited).toBe(1);
      expect(second.said()).toContain(`already runs on ${home} (process ${first.child.pid})`);
      expect(await isThere(join(home, 'ready.json'))).toBe(true);

      await renameServer(ready, 'renamed');
      first.child.kill('SIGINT');
      expect(await first.exited).toBe(0);
      expect(await isThere(join(home, 'ready.json'))).toBe(false);

      const third = start(home);
      const again = await readyOf(home, third);
      expect(again).toMatchObject({ token: ready.token, server_url: ready.server_url });
      expect(await serverNames(again)).toEqual(['renamed active']); // and no other one: it was registered before
      const pids = await livingChildren(again.pid);
      expect(pids.length).toBeGreaterThanOrEqual(5);
      third.child.kill('SIGKILL');
      await third.exited;
      for (const pid of pids) await eventually(async () => !(await isAlive(pid)), { what: `${pid} to be gone` });

      await rm(join(home, 'keys'));
      const keyless = start(home);
      expect(await keyless.exited).toBe(1);
      expect(keyless.said()).toMatch(/The file .*keys is gone.*\n.*What to do: Put it back from a backup/);
      expect(await isThere(join(home, 'keys'))).toBe(false);
    },
    2 * START_MS_MAX,
  );

  it('says what is wrong with a home or a port, and what to do', async () => {
    const closed = start('/proc/berth');
    expect(await closed.exited).toBe(1);
    expect(closed.said()).toMatch(/The folder \/proc\/berth \(BERTH_HOME\) cannot be used: .*\n.*What to do: /);
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const taken = start(join(folder, 'other'), { BERTH_PORT: String(port) });
      expect(await taken.exited).toBe(1);
      expect(taken.said()).toMatch(new RegExp(`Port ${port} .*is taken\n.*What to do: .*BERTH_PORT`));
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  const isRoot = process.getuid?.() === 0;
  const name = 'tells root which folder is closed to the user who runs PostgreSQL';
  testWhere(isRoot, 'not run by root', name, async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const started = start(join(closed, 'home'));
    expect(await started.exited).toBe(1);
    expect(started.said()).toContain(`${closed} is closed to other users`);
  });
});
