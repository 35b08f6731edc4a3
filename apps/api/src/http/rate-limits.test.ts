// How often a caller may come: the limit to the letter, each caller for itself, in every dialect's words.
import { codeOf, type Secret } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../api.fixture';
import { openRateLimits } from './rate-limits';

let testStore: TestStore;
let api: TestApi;

beforeEach(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { rateLimits: { requestsPerMinute: 3, refusalsPerMinute: 2 } });
});
afterEach(async () => {
  await api?.close();
  await testStore?.close();
});

const get = (token: Secret, path = '/v1/databases') =>
  request(api.app).get(path).auth(token.reveal(), { type: 'bearer' });

async function statuses(times: number, send: () => request.Test): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < times; index += 1) all.push((await send()).status);
  return all;
}

test('an access may come so often and no more, and is told when to come again', async () => {
  const { token } = await makeAccess(api, { scopes: ['public'] });
  expect(await statuses(3, () => get(token))).toEqual([200, 200, 200]);
  const refused = await get(token);
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ code: 'too_many_requests', detail: expect.stringContaining('More than 3') });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test('a write beyond the limit is refused before anything is written', async () => {
  const { token } = await makeAccess(api, { scopes: ['public', 'admin'] });
  await statuses(3, () => get(token));
  const post = request(api.app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  expect((await post.send({ name: 'beyond' })).status).toBe(429);
  expect((await api.context.store.databases.list({}, { cursor: null, limit: 10 })).data).toEqual([]);
});

test('one access does not use up what another has', async () => {
  const [one, other] = [await makeAccess(api, { scopes: ['public'] }), await makeAccess(api, { scopes: ['public'] })];
  await statuses(4, () => get(one.token));
  expect((await get(other.token)).status).toBe(200);
});

test('tokens that open nothing are answered 401 so often, then 429; a good token from there is let in', async () => {
  const { token } = await makeAccess(api, { scopes: ['public'] });
  expect(await statuses(4, () => get(makeToken()))).toEqual([401, 401, 429, 429]);
  expect((await get(token)).status).toBe(200);
  expect((await request(api.app).get('/v1/databases')).status).toBe(401); // it guesses nothing
});

test('all addresses of a network that one caller has are one: the half of IPv6 that is its own to choose does not count', async () => {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 1 });
  const counted = (address: string) => limits.countRefusal(address).then(() => 'let through', codeOf);
  for (const [first, same, other] of [
    ['2001:db8::1', '2001:DB8:0:0:ffff:1:2:3', '2001:db8:0:1::1'],
    ['fe80::1%eth0', 'fe80::2', 'fe80:0:0:1::1'],
    ['::1', '::2', '1::1'],
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
  ] as const) {
    expect([await counted(first), await counted(same)]).toEqual(['let through', 'too_many_requests']);
    expect(await counted(other)).toBe('let through');
  }
});

test('sign-ins at the board count with them', async () => {
  const signIn = () => request(api.app).post('/admin/sign-in').type('form').send({ token: makeToken().reveal() });
  expect(await statuses(2, signIn)).toEqual([401, 401]);
  const refused = await signIn();
  expect([refused.status, refused.headers['retry-after'] !== undefined]).toEqual([429, true]);
  expect((await get(makeToken())).status).toBe(429);
});

test('Cloud 66 says it in its own words', async () => {
  const { token } = await makeAccess(api, { scopes: ['public'] });
  await statuses(3, () => get(token));
  const refused = await get(token, '/cloud66/api/3/stacks');
  expect([refused.status, refused.body.error]).toEqual([503, 'throttled']);
  expect(refused.headers['retry-after']).toBeDefined();
});

test('without limits nobody is counted', async () => {
  const store = await openTestStore();
  const free = await openTestApi(store.secretUrl);
  const { token } = await makeAccess(free, { scopes: ['public'] });
  const send = () => request(free.app).get('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  expect(new Set(await statuses(50, send))).toEqual(new Set([200]));
  await free.close();
  await store.close();
});
