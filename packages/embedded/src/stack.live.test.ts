// A whole stack as its launcher sees it: apps that behave, apps that do not, and what is left when the launcher dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { eventually } from '@berth/testing';
import { createStack, type Stack, type StackFacts, type StackOptions } from './stack';

// An app in ten lines: says what it was given, serves, leaves when asked; `stubborn` does not.
const API = `
  const server = require('node:http').createServer((_, response) => response.end(JSON.stringify(process.env)));
  server.listen(Number(process.env.BERTH_PORT), '127.0.0.1', () => {
    process.send({ ready: true, url: 'http://127.0.0.1:' + server.address().port });
  });
  process.on('SIGTERM', () => { console.log('api leaves'); process.exit(0); });`;
const WORKER = `
  process.send({ ready: true });
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => { console.log('worker leaves'); process.exit(0); });`;
const STUBBORN = `
  process.send({ ready: true });
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => {});`;
const BROKEN = `console.error('no such thing as a free lunch'); process.exit(3);`;

let folder: string;
const stacks: Stack[] = [];
const said: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-stack-'));
  await chmod(folder, 0o711); // for root: whoever runs PostgreSQL must pass
});

// One home for all, as its making takes longest: every test but the first starts over what the one before left.
beforeEach(async () => {
  await mkdir(join(folder, 'apps'));
  said.length = 0;
});

afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.force()));
  await rm(join(folder, 'apps'), { recursive: true });
  await rm(join(folder, 'home', 'log'), { recursive: true });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function optionsFor(home: string, appsFolder: string): StackOptions {
  return {
    home,
    appsFolder,
    cwd: appsFolder,
    keys: new Secret('k1:abc'),
    storePassword: new Secret('store-password'),
    serverPassword: new Secret('server-password'),
    apiPort: 0,
    logLevel: 'info',
    env: { PATH: '/usr/bin:/bin' },
    say: (line) => said.push(line),
  };
}

async function prepare(apps: Record<string, string>): Promise<Stack> {
  for (const [name, text] of Object.entries(apps)) await writeFile(join(folder, 'apps', `${name}.js`), text);
  const stack = createStack(optionsFor(join(folder, 'home'), join(folder, 'apps')));
  stacks.push(stack);
  return stack;
}

const logOf = (name: string) => readFile(join(folder, 'home', 'log', `${name}.log`), 'utf8');

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}

async function expectAllGone(facts: StackFacts): Promise<void> {
  for (const [name, pid] of Object.entries(facts.pids)) {
    await eventually(async () => !(await isAlive(pid)), { what: `${name} to be gone` });
  }
}

describe('a stack', () => {
  it('gives its apps what they need and no more, and stops from the top down', async () => {
    const stack = await prepare({ api: API, 'worker-x': WORKER });
    const facts = await stack.start();
    expect(Object.keys(facts.pids).sort()).toEqual(['api', 'server', 'store', 'worker-x']);
    const env = (await (await fetch(facts.apiUrl)).json()) as Record<string, string>;
    const { BERTH_STORE_URL, BERTH_QUEUE_URL, ...rest } = env;
    for (const own of [/^NODE_CHANNEL_/, /^(PWD|OLDPWD|SHLVL|_)$/]) {
      for (const name of Object.keys(rest)) if (own.test(name)) delete rest[name]; // Node's own, and the shell's
    }
    expect(BERTH_STORE_URL).toBe(facts.storeUrl.reveal());
    expect(BERTH_QUEUE_URL).toBe(facts.storeUrl.reveal());
    expect(rest).toEqual({
      PATH: '/usr/bin:/bin',
      NODE_ENV: 'production',
      BERTH_KEYS: 'k1:abc',
      BERTH_HOST: '127.0.0.1',
      BERTH_PORT: '0',
      BERTH_METRICS_HOST: '127.0.0.1',
      BERTH_METRICS_PORT: '0',
      BERTH_MIGRATE: 'apply',
      BERTH_LOG_LEVEL: 'info',
    });
    await stack.stop();
    await stack.stop();
    expect(await logOf('api')).toContain('api leaves');
    expect(await logOf('store')).toContain('database system is shut down');
    await expectAllGone(facts);
  });

  it('starts an app again that died, and the API on the same port', async () => {
    const stack = await prepare({ api: API });
    const facts = await stack.start();
    process.kill(facts.pids.api ?? 0, 'SIGKILL');
    const again = await eventually(async () => (await fetch(facts.apiUrl)).ok, { what: 'the API to be back' });
    expect(again).toBe(true);
    await eventually(() => said.includes('api is back'));
    expect(said).toContainEqual(expect.stringContaining('api ended (SIGKILL); starting it again in 1 s'));
  });

  it('brings a PostgreSQL back that died', async () => {
    const stack = await prepare({});
    const facts = await stack.start();
    process.kill(facts.pids.server ?? 0, 'SIGKILL');
    await eventually(() => said.includes('PostgreSQL "server" is back'));
  });

  it('does not start with an app that cannot: its log is quoted, and nothing is left running', async () => {
    const stack = await prepare({ api: API, 'worker-x': BROKEN });
    await expect(stack.start()).rejects.toMatchObject({
      code: 'app_failed',
      message: expect.stringMatching(/worker-x ended \(exit code 3\).*no such thing as a free lunch/s),
    });
    expect(await logOf('store')).toContain('database system is shut down');
    expect(await logOf('server')).toContain('database system is shut down');
  });

  it('may be stopped while it starts', async () => {
    const stack = await prepare({ api: API });
    const starting = stack.start();
    const outcome = expect(starting).rejects.toMatchObject({ code: 'interrupted' });
    await stack.stop();
    await outcome;
  });

  it('ends at once when forced, even with an app that will not leave', async () => {
    const stack = await prepare({ api: API, 'worker-x': STUBBORN });
    const facts = await stack.start();
    const stopping = stack.stop();
    await eventually(async () => (await logOf('api')).includes('api leaves'));
    await stack.force();
    await stopping;
    await expectAllGone(facts);
  });
});

describe('a launcher killed with -9', () => {
  it('leaves nothing running, not even an app that will not leave; the next start finds all data', async () => {
    await prepare({ api: API, 'worker-x': STUBBORN });
    const { launcher, facts } = await launchElsewhere(join(folder, 'home'), join(folder, 'apps'));
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    await expectAllGone(facts);
    const stack = await prepare({ api: API, 'worker-x': WORKER });
    const again = await stack.start(); // at once: over what the killed one left behind
    expect(again.serverUrl.reveal()).toBe(facts.serverUrl.reveal());
    expect((await readdir(join(folder, 'home'))).filter((name) => name.startsWith('postgresql-'))).toHaveLength(1);
  });
});

async function launchElsewhere(
  home: string,
  appsFolder: string,
): Promise<{ launcher: ChildProcess; facts: StackFacts }> {
  const program = `
    const { createStack } = require(${JSON.stringify(join(__dirname, 'stack.ts'))});
    const { Secret } = require('@berth/core');
    const options = ${JSON.stringify({ ...optionsFor(home, appsFolder), keys: null })};
    const [keys, storePassword, serverPassword] = ['k1:abc', 'store-password', 'server-password'].map((s) => new Secret(s));
    createStack({ ...options, keys, storePassword, serverPassword, say() {} }).start().then(({ pids, serverUrl }) =>
      process.send({ pids, serverUrl: serverUrl.reveal() }));`;
  const launcher = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const died = once(launcher, 'exit').then(() => Promise.reject(new Error('the launcher died')));
  died.catch(() => undefined); // it is killed later, on purpose
  const [{ pids, serverUrl }] = await Promise.race([once(launcher, 'message'), died]);
  const unsaid = { apiUrl: '', metricsUrls: {}, storeUrl: new Secret('') };
  return { launcher, facts: { ...unsaid, pids, serverUrl: new Secret(serverUrl) } };
}
