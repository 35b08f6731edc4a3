// The door for those who look after a process: it tells whether it lives, whether it can serve, and its metrics; nothing else.
import { createServer } from 'node:http';
import { codeOf, PlatformError } from '@berth/core';
import { type Health, type Hindrance, openHealth } from './health';
import { openLog } from './log';
import { openMetrics } from './metrics';
import { openWatchDoor, type WatchDoor } from './watch-door';

const log = openLog('test', 'silent');
let isReady: boolean;
let stopping: AbortController;
let health: Health;
let door: WatchDoor;

beforeEach(async () => {
  isReady = true;
  stopping = new AbortController();
  health = openHealth({ isReady: () => isReady, stopping: stopping.signal });
  door = await openWatchDoor({ host: '127.0.0.1', port: 0, health, log, metrics: openMetrics('api') });
});
afterEach(() => door.close());

async function ask(path: string, method = 'GET') {
  const answer = await fetch(door.url + path, { method });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type') === 'application/json';
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : null };
}

test('a process that nothing is known against lives and is ready', async () => {
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: { status: 'alive', wrong: {} } });
  expect(await ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', wrong: {} } });
});

test('what is stuck is 503, by name', async () => {
  let wrong: string | null = 'It has not looked for a minute.';
  health.watchLiving('queue', () => wrong);
  health.watchLiving('other', () => null);
  expect(await ask('/healthz')).toMatchObject({ status: 503, body: { status: 'stuck', wrong: { queue: wrong } } });
  wrong = null;
  expect((await ask('/healthz')).status).toBe(200);
});

test.each<[Hindrance['grade'], number]>([
  ['degraded', 200],
  ['unavailable', 503],
])('who cannot serve as it should is %s, by name', async (grade, status) => {
  health.watchServing('queue', () => ({ grade, says: 'The queue is away.' }));
  expect(await ask('/readyz')).toMatchObject({
    status,
    body: { status: grade, wrong: { queue: 'The queue is away.' } },
  });
  expect((await ask('/healthz')).status).toBe(200);
});

test('a check that throws or hangs is one that is not passed, and tells nothing of what was thrown', async () => {
  health.watchServing('store', () => Promise.reject(new Error('postgres://u:secret-word@h')));
  health.watchServing('hung', () => new Promise(() => {}));
  const { status, body, text } = await ask('/readyz');
  expect([status, Object.keys(body.wrong)]).toEqual([503, ['store', 'hung']]);
  expect(text).not.toContain('secret-word');
});

test('before its start is over, and from the moment it is asked to stop, it is not ready, and lives', async () => {
  isReady = false;
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: { status: 'starting' } });
  isReady = true;
  stopping.abort();
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: { status: 'stopping' } });
  expect((await ask('/healthz')).status).toBe(200);
});

test('/metrics is Prometheus text; nothing else is here, and nothing is taken', async () => {
  const metrics = await ask('/metrics?x=1');
  expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(metrics.text).toContain('# TYPE berth_build_info gauge');
  expect(await ask('/metrics', 'HEAD')).toMatchObject({ status: 200, text: '' });
  expect((await ask('/')).status).toBe(404);
  expect((await ask('/v1/databases')).status).toBe(404);
  const post = await ask('/metrics', 'POST');
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('an address that cannot be had is refused by the names of its variables', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const refusal: unknown = await openWatchDoor({
    host: '127.0.0.1',
    port,
    health,
    log,
    metrics: openMetrics('api'),
  }).catch((error: unknown) => error);
  await new Promise((resolve) => other.close(resolve));
  expect(codeOf(refusal)).toBe('invalid_request');
  expect(refusal instanceof PlatformError && refusal.message).toMatch(
    /BERTH_METRICS_HOST, BERTH_METRICS_PORT\).*something listens there already \(EADDRINUSE\)/,
  );
});
