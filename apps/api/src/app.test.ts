// What holds for the whole API: health, addresses that are not there, methods that are not known, headers, the log.
import { Secret } from '@berth/core';
import { type Log, type LogFields, openMetrics } from '@berth/runtime';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from './api.fixture';
import { appOf } from './app';
import { DIALECTS } from './dialects';
import { problemShape } from './dialects/native/shapes.fixture';
import { openRateLimits } from './http/rate-limits';

interface Line {
  level: string;
  fields: LogFields;
  message: string;
}

const lines: Line[] = [];
const keep = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
const log: Log = {
  debug: keep('debug'),
  info: keep('info'),
  infoSoon: keep('info'),
  warn: keep('warn'),
  error: keep('error'),
};

let api: TestApi;
let testStore: TestStore;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { change: { log } });
});

beforeEach(() => void lines.splice(0));

afterAll(async () => {
  await api.close();
  await testStore.close();
});

const nowhere = new Secret('postgres://nobody:nothing@127.0.0.1:1/none');

test('/healthz and /readyz answer without a token', async () => {
  const healthy = await request(api.app).get('/healthz');
  const ready = await request(api.app).get('/readyz');
  expect([healthy.status, healthy.body]).toEqual([200, { status: 'alive', wrong: {} }]);
  expect([ready.status, ready.body]).toEqual([200, { status: 'ready', wrong: {} }]);
});

test('/readyz says degraded while the queue is down, and requests are taken all the same', async () => {
  const own = await openTestStore();
  const lonely = await openTestApi(own.secretUrl, { queueUrl: nowhere });
  const { token } = await makeAccess(lonely, { scopes: ['admin'] });
  const create = request(lonely.app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  expect((await create.send({ name: 'unheard' })).status).toBe(202);
  await eventually(async () => {
    const ready = await request(lonely.app).get('/readyz');
    const wrong = { queue: expect.stringContaining('did not take the last nudge') };
    expect([ready.status, ready.body]).toEqual([200, { status: 'degraded', wrong }]);
    return true;
  });
  await lonely.close();
  await own.close();
});

test('without its store the process lives and is not ready, and answers 503 without a word of the store', async () => {
  const own = await openTestStore();
  const failing = await openTestApi(own.secretUrl, { change: { log } });
  await failing.context.store.close();
  await own.close(); // the store is gone: each query is refused from now on
  expect((await request(failing.app).get('/healthz')).status).toBe(200);
  const ready = await request(failing.app).get('/readyz');
  const wrong = { store: 'The store does not answer.' };
  expect([ready.status, ready.body]).toEqual([503, { status: 'unavailable', wrong }]);
  const answer = await request(failing.app).get('/v1/databases').auth('berth_x', { type: 'bearer' });
  expect(answer.status).toBe(503);
  expect(problemShape.parse(answer.body).code).toBe('store_unreachable');
  expect(answer.text).not.toContain(own.name);
  expect(lines.find(({ level }) => level === 'error')?.fields.error).toBeDefined();
  await failing.close();
});

test('a process that was asked to stop says so to those who send it requests', async () => {
  const own = await openTestStore();
  const leaving = await openTestApi(own.secretUrl);
  leaving.stopping.abort();
  const ready = await request(leaving.app).get('/readyz');
  expect([ready.status, ready.body]).toEqual([503, { status: 'stopping', wrong: expect.any(Object) }]);
  expect((await request(leaving.app).get('/healthz')).status).toBe(200);
  await leaving.close();
  await own.close();
});

test('an address that is not there is 404, with a token and without, in the words of its dialect', async () => {
  for (const path of ['/nothing', '/v1', '/v1/nothing', '/v2/databases', '/%zz', '/v1/databases/x/y', '/admin']) {
    const answer = await request(api.app).get(path);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(answer.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(problemShape.parse(answer.body).code).toBe('not_found');
  }
});

test('a method that an address does not know is 405 with Allow; OPTIONS and HEAD are known', async () => {
  const put = await request(api.app).put('/v1/databases').send({});
  expect([put.status, put.get('allow')]).toEqual([405, 'GET, POST, HEAD, OPTIONS']);
  expect(problemShape.parse(put.body).code).toBe('method_not_allowed');
  const options = await request(api.app).options('/v1/databases/db_x');
  expect([options.status, options.get('allow'), options.text]).toEqual([204, 'GET, PATCH, DELETE, HEAD, OPTIONS', '']);
  expect((await request(api.app).post('/healthz')).status).toBe(405);
  const { token } = await makeAccess(api, { scopes: ['public'] });
  const head = await request(api.app).head('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  expect([head.status, head.text]).toEqual([200, undefined]);
});

test('nobody is told that nothing changed, whatever they hold', async () => {
  const answer = await request(api.app).get('/healthz').set('If-None-Match', '*');
  expect([answer.status, answer.body]).toEqual([200, { status: 'alive', wrong: {} }]);
  expect(answer.get('content-type')).toBe('application/json; charset=utf-8');
});

test('every answer carries the security headers and none says what it was made with', async () => {
  for (const path of ['/healthz', '/v1/databases', '/nothing', '/admin/sign-in']) {
    const { headers } = await request(api.app).get(path);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-dns-prefetch-control': 'off',
      'x-download-options': 'noopen',
      'x-frame-options': 'SAMEORIGIN',
      'x-permitted-cross-domain-policies': 'none',
      'x-xss-protection': '0',
    });
    expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*;script-src 'self';/);
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
  }
});

test('only who came by TLS is told to come by TLS from now on, by the word of a trusted proxy', async () => {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const { context, stopping } = api;
  const app = appOf({ ...context, limits, stopping: stopping.signal, trustedProxies: ['loopback'] });
  const told = async (scheme: string) =>
    (await request(app).get('/healthz').set('X-Forwarded-Proto', scheme)).headers['strict-transport-security'];
  expect([await told('https'), await told('http')]).toEqual(['max-age=31536000; includeSubDomains', undefined]);
});

test('each request is one log line with its route and without its address, body or headers', async () => {
  const { token, access } = await makeAccess(api, { scopes: ['public', 'admin'] });
  const as = (sent: request.Test) => sent.auth(token.reveal(), { type: 'bearer' });
  await as(request(api.app).get('/v1/databases?name=secret-word'));
  await as(request(api.app).post('/v1/databases')).send({ name: 'secret-word' });
  await as(request(api.app).get('/v1/databases/secret-word'));
  await request(api.app).get('/secret-word?token=secret-word');
  await request(api.app).get('/healthz');
  await eventually(() => lines.length === 5);
  expect(lines.map(({ level, fields: { durationMs, ...fields } }) => ({ level, ...fields }))).toEqual([
    { level: 'info', method: 'GET', route: '/v1/databases', status: 200, accessId: access.id },
    { level: 'info', method: 'POST', route: '/v1/databases', status: 202, accessId: access.id },
    { level: 'info', method: 'GET', route: '/v1/databases/:id', status: 404, accessId: access.id },
    { level: 'info', method: 'GET', route: '', status: 404 },
    { level: 'debug', method: 'GET', route: '/healthz', status: 200 },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/secret-word|berth_/);
});

test('each request is measured by the pattern of its route; what callers write themselves becomes no label', async () => {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const metrics = openMetrics('api');
  const app = appOf({ ...api.context, limits, metrics, stopping: api.stopping.signal });
  const { token } = await makeAccess(api, { scopes: ['public'] });
  await request(app).head('/v1/events').set('Accept', 'text/event-stream').auth(token.reveal(), { type: 'bearer' });
  for (const path of ['/v1/databases/secret-word', '/V1/databases/other-word', '/secret-word', '/healthz']) {
    await request(app).get(path).auth(token.reveal(), { type: 'bearer' });
  }
  await request(app).propfind('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  await request(app).purge('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  let text = '';
  await eventually(async () => {
    text = await metrics.text();
    return /_count\{[^}]*other[^}]*\} 2/.test(text);
  });
  const counts = [...text.matchAll(/^berth_http_request_duration_seconds_count\{process="api",(.*)\} (\d+)$/gm)];
  expect(counts.map(([, labels, count]) => [labels, count])).toEqual([
    ['dialect="native",route="/v1/databases/:id",method="GET",status="4xx"', '2'],
    ['dialect="berth",route="unknown",method="GET",status="4xx"', '1'],
    ['dialect="berth",route="/healthz",method="GET",status="2xx"', '1'],
    ['dialect="native",route="/v1/databases",method="other",status="4xx"', '2'],
  ]);
  expect(text).not.toMatch(/-word/);
});

test('every dialect has a mount of its own', () => {
  const mounts = DIALECTS.map(({ mount }) => mount);
  expect(new Set(mounts).size).toBe(mounts.length);
  expect(mounts).toContain('/v1');
});
