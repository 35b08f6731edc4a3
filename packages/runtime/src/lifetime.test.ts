// How a process ends: in order, once, with a code that says whether it was well, and never after its launcher.
import { type ChildProcess, fork } from 'node:child_process';
import { eventually } from '@berth/testing';
import { bundle, stopBundling } from '@berth/testing/bundle';

let file = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  file = await bundle('packages/runtime/src/lifetime.fixture.ts');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL'); // one that a failed test left
  await stopBundling();
});

interface Started {
  child: ChildProcess;
  output(): string;
  /** What it told its launcher. */
  told: unknown[];
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
}

function start(fault = ''): Started {
  const child = fork(file, [fault], { silent: true });
  children.push(child);
  let output = '';
  const streams = [child.stdout, child.stderr].map((stream) => {
    stream?.on('data', (data) => {
      output += String(data);
    });
    return new Promise((resolve) => stream?.on('end', resolve));
  });
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  // not 'close': Node does not send it to a parent that let go of the child
  const exited = new Promise<number | string | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  const ended = Promise.all([exited, ...streams]).then(([code]) => code);
  return { child, output: () => output, told, ended };
}

async function startReady(fault = ''): Promise<Started> {
  const started = start(fault);
  await eventually(() => started.told.length > 0, { what: 'it to be ready' });
  return started;
}

/** What was closed, in order. */
const closed = (output: string) =>
  [...output.matchAll(/^(closing|closed) (\w+)/gm)].map(([, what, name]) => `${what} ${name}`);

const IN_ORDER = ['closing door', 'closed door', 'closing queue', 'closed queue', 'closing store', 'closed store'];

test('tells its launcher when it serves, and where', async () => {
  const { child, told, ended } = await startReady();
  expect(told).toEqual([{ ready: true, url: 'http://127.0.0.1:1' }]);
  child.kill('SIGTERM');
  await ended;
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: closes what was opened, last first, one after another, and ends with 0',
  async (signal) => {
    const { child, output, ended } = await startReady();
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(closed(output())).toEqual(IN_ORDER);
    expect(output()).toContain('closing door, stopping: true');
    expect(output()).toContain('"msg":"Stopped"');
  },
);

test.each([
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGINT'],
] as const)('a second signal (%s, then %s) ends it at once, with 1', async (first, second) => {
  const { child, output, ended } = await startReady('slow closer');
  child.kill(first);
  await eventually(() => output().includes('closing queue'));
  const askedAt = performance.now();
  child.kill(second);
  expect(await ended).toBe(1);
  expect(performance.now() - askedAt).toBeLessThan(10_000); // a clean stop is given up, with 1 as well, after 25 s
  expect(closed(output())).toEqual(['closing door', 'closed door', 'closing queue']);
});

test('a launcher that goes away takes it along, in order', async () => {
  const { child, output, ended } = await startReady();
  child.disconnect();
  expect(await ended).toBe(0);
  expect(closed(output())).toEqual(IN_ORDER);
});

test('what cannot start says why, closes what it had opened, and ends with 1', async () => {
  const { output, told, ended } = start('no start');
  expect(await ended).toBe(1);
  expect(told).toEqual([]);
  expect(closed(output())).toEqual(['closing store', 'closed store']);
  expect(output()).toContain('This process could not start');
  expect(output()).toContain('"code":"store_unreachable"');
});

test('a signal during the start ends it, with what was opened closed', async () => {
  const { child, output, ended } = await startReady('slow start');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(closed(output())).toEqual(IN_ORDER);
});

test('what will not close is said, keeps no other from closing, and the end is in time', async () => {
  const { child, output, ended } = await startReady('broken closer');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(closed(output())).toEqual(['closing door', 'closed door', 'closing queue', 'closing store', 'closed store']);
  expect(output()).toContain('queue did not close cleanly');
});

test.each(['throws later', 'rejects later'])(
  'an error that nobody caught (%s) ends it in order, with 1',
  async (fault) => {
    const { output, ended } = start(fault);
    expect(await ended).toBe(1);
    expect(output()).toContain('Nobody caught this');
    expect(closed(output())).toEqual(IN_ORDER);
  },
);
