// The operators' board: who gets in, by what, from where; and what it shows when the queue is down or was opened anew.
import { ENGINES, type Scope, Secret, systemClock } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { describeWhere, eventually, openTestRedis, openTestStore, type TestStore, whyNoRedis } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../api.fixture';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApi;
let testStore: TestStore;
let passedMs = 0;
const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + passedMs) };

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { change: { clock } });
});

afterEach(() => {
  passedMs = 0;
});

afterAll(async () => {
  await api.close();
  await testStore.close();
});

const tokenWith = async (...scopes: Scope[]) => (await makeAccess(api, { scopes })).token;
const signIn = (token: Secret) => request(api.app).post('/admin/sign-in').type('form').send({ token: token.reveal() });

async function cookieOf(token: Secret): Promise<string> {
  const answer = await signIn(token);
  expect([answer.status, answer.get('location')]).toEqual([303, '/admin/queues']);
  return answer.get('set-cookie')?.[0]?.split(';')[0] ?? '';
}

test('without a session a browser is led to the sign-in, and a program told', async () => {
  for (const path of ['/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/images/logo.svg']) {
    const browser = await request(api.app).get(path).set('accept', 'text/html');
    expect([path, browser.status, browser.get('location')]).toEqual([path, 303, '/admin/sign-in']);
    const program = await request(api.app).get(path).set('accept', 'application/json, text/plain, */*');
    expect([path, program.status, program.body.code]).toEqual([path, 401, 'unauthenticated']);
  }
  const form = await request(api.app).get('/admin/sign-in');
  expect(form.text).toContain('<form method="post"');
  expect(form.get('content-security-policy')).toContain("script-src 'self'");
});

test('a wrong token is 401, one without the scope 403, and neither starts a session', async () => {
  const wrong = await signIn(makeToken());
  const poor = await signIn(await tokenWith('public', 'admin', 'credentials'));
  expect([wrong.status, poor.status]).toEqual([401, 403]);
  for (const answer of [wrong, poor]) {
    expect(answer.get('set-cookie')).toBeUndefined();
    expect(answer.text).toContain('role="alert"');
  }
  for (const body of [{}, { token: ['a', 'b'] }, { token: 'x', more: 'y' }]) {
    expect((await request(api.app).post('/admin/sign-in').type('form').send(body)).status).toBe(422);
  }
});

test('the cookie holds no token, is out of reach of scripts and other sites, and is secure where TLS is', async () => {
  const token = await tokenWith('operator');
  const plain = (await signIn(token)).get('set-cookie')?.[0] ?? '';
  expect(plain).toMatch(/^berth_session=v1\.k1\..*; HttpOnly; SameSite=Strict$/);
  expect(plain).toContain('Path=/admin');
  expect(plain).not.toContain(token.reveal().slice(6, 20));
  expect(plain).not.toContain('Secure');
  const secure = await signIn(token).set('x-forwarded-proto', 'https');
  expect(secure.get('set-cookie')?.[0]).toContain('; Secure;');
});

test('a session opens the board, its data and its pictures; a bearer token does too', async () => {
  const token = await tokenWith('operator');
  const cookie = await cookieOf(token);
  for (const headers of [{ cookie }, { authorization: `bearer ${token.reveal()}` }]) {
    const page = await request(api.app).get('/admin/queues').set(headers);
    expect([page.status, page.get('x-powered-by')]).toEqual([200, undefined]);
    expect(page.text).toContain('<base href="/admin/queues/"');
    expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//); // it needs no network beyond Berth
    const data = await request(api.app).get('/admin/queues/api/queues').set(headers);
    expect(data.body.queues.map(({ name }: { name: string }) => name)).toEqual(
      ENGINES.map((engine) => `berth-${engine}`),
    );
    expect((await request(api.app).get('/admin/queues/static/images/logo.svg').set(headers)).status).toBe(200);
  }
  const poor = await tokenWith('admin');
  const refused = await request(api.app).get('/admin/queues').auth(poor.reveal(), { type: 'bearer' });
  expect(refused.status).toBe(403);
});

test('a session ends after eight hours, with its access, and when a letter of it is changed', async () => {
  const { token, access } = await makeAccess(api, { scopes: ['operator'], expiresAt: new Date(Date.now() + HOUR_MS) });
  const opens = async (cookie: string) => (await request(api.app).get('/admin/queues').set({ cookie })).status === 200;
  const lasting = await cookieOf(await tokenWith('operator'));
  const short = await cookieOf(token);
  expect([await opens(lasting), await opens(short)]).toEqual([true, true]);
  passedMs = 2 * HOUR_MS;
  expect([await opens(lasting), await opens(short)]).toEqual([true, false]);
  passedMs = 9 * HOUR_MS;
  expect(await opens(lasting)).toBe(false);
  passedMs = 0;
  const last = lasting.at(-1) === 'A' ? 'B' : 'A';
  for (const changed of [lasting.slice(0, -1) + last, 'berth_session=', 'berth_session=v1.k1.x.y', 'other=1']) {
    expect([changed, await opens(changed)]).toEqual([changed, false]);
  }
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  await client.query('UPDATE accesses SET revoked_at = now() WHERE id = $1', [access.id]);
  await client.end();
  expect(await opens(short)).toBe(false);
});

test('pages of other sites cannot press a button, nor sign anybody in', async () => {
  const token = await tokenWith('operator');
  const cookie = await cookieOf(token);
  const press = (headers: Record<string, string>) =>
    request(api.app)
      .put('/admin/queues/api/queues/berth-postgresql/promote')
      .set({ cookie, host: 'berth.example.org', ...headers });
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example.org' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://berth.example.org' },
  ];
  for (const headers of foreign) {
    expect((await press(headers)).status).toBe(403);
    expect((await signIn(token).set({ host: 'berth.example.org', ...headers })).status).toBe(403);
  }
  const own: Record<string, string>[] = [
    { origin: 'https://berth.example.org' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://outside.example.org' },
    {},
  ];
  for (const headers of own) expect((await press(headers)).status).toBeLessThan(300);
});

test('the board follows a queue that was thrown away and opened anew', async () => {
  const token = await tokenWith('operator');
  const board = () => request(api.app).get('/admin/queues/api/queues').auth(token.reveal(), { type: 'bearer' });
  expect((await board()).status).toBe(200);
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  await client.query('DROP SCHEMA bullmq CASCADE');
  const down = await board();
  expect([down.status, down.text.includes('The queue does not answer')]).toEqual([503, true]);
  await client.end();
  await api.context.sender.send({ id: 'act_1', engine: 'postgresql', nudges: 1 }); // fails, and throws the queue away
  await eventually(async () => (await board()).status === 200);
});

test('a queue that never answered is a clear page with 503', async () => {
  const queueUrl = new Secret('postgres://nobody:nothing@127.0.0.1:1/none');
  const own = await openTestStore();
  const lonely = await openTestApi(own.secretUrl, { queueUrl });
  const { token } = await makeAccess(lonely, { scopes: ['operator'] });
  const answer = await request(lonely.app).get('/admin/queues').auth(token.reveal(), { type: 'bearer' });
  expect(answer.status).toBe(503);
  expect(answer.text).toContain('Requests are still accepted');
  await lonely.close();
  await own.close();
});

describeWhere(whyNoRedis() === null, whyNoRedis() ?? '', 'with the queue on Redis', () => {
  test('the board shows what waits there; while Redis is down it is the page with 503, and it comes back with it', async () => {
    const redis = await openTestRedis();
    const own = await openTestStore();
    const other = await openTestApi(own.secretUrl, { queueUrl: redis.url });
    const { token } = await makeAccess(other, { scopes: ['operator'] });
    const board = (path = '') =>
      request(other.app).get(`/admin/queues/api/queues${path}`).auth(token.reveal(), { type: 'bearer' });
    const word = { id: 'act_1', engine: 'postgresql', nudges: 1 };
    await eventually(() => other.context.sender.send(word), { what: 'the word to be taken' });
    const [queue] = (await board('?activeQueue=berth-postgresql&status=waiting')).body.queues;
    expect(queue).toMatchObject({
      name: 'berth-postgresql',
      counts: { waiting: 1 },
      jobs: [{ data: { id: 'act_1' } }],
    });
    await redis.kill9();
    const down = await board();
    expect([down.status, down.text.includes('The queue does not answer')]).toEqual([503, true]);
    await redis.restart();
    await eventually(async () => (await board()).status === 200, { what: 'the board to come back' });
    await other.close();
    await own.close();
    await redis.close();
  });
});
