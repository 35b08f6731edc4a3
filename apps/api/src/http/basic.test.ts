// A login and a password open what they were made for; what is wrong with others nobody learns, and who guesses is slowed.
import { Secret } from '@berth/core';
import { hashPassword } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import express, { type Express } from 'express';
import request from 'supertest';
import { makeAccess, makeBasicAccess, openTestApi, type TestApi } from '../api.fixture';
import { trustProxies } from './address';
import { getBasicAccess, readBasic } from './basic';
import { getBearerAccess } from './bearer';
import { errorsTo } from './errors';
import { renderProblem } from './problem';
import { openProofs } from './proofs';
import { openRateLimits } from './rate-limits';

const REFUSAL = 'Invalid username/password';
const PASSWORD = 'a long: päss word';

let testStore: TestStore;
let api: TestApi;
let served: Express;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  served = serve(0);
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

/** One process: what it proved and counted is its own. */
function serve(refusalsPerMinute: number): Express {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute });
  const context = { ...api.context, limits, proofs: openProofs(api.context.clock) };
  const app = express();
  trustProxies(app, ['loopback']);
  app.get('/read', (asked, response) => {
    const sent = readBasic(asked);
    const isSent = sent.kind === 'sent';
    response.json(isSent ? { login: sent.login, password: sent.password.reveal(), shown: sent.password } : sent);
  });
  app.get('/bearer', async (asked, response) => {
    response.json({ id: (await getBearerAccess(context, asked, response)).id });
  });
  app.all('/', async (asked, response) => {
    const sent = readBasic(asked);
    if (sent.kind !== 'sent') return void response.json(sent);
    const { id, address } = await getBasicAccess(context, sent, asked, response, REFUSAL);
    response.json({ id, address, noted: response.locals.access.id });
  });
  return app.use(errorsTo(renderProblem, api.context.log, { record: async () => {}, watch: () => null }));
}

const base64 = (text: string, encoding: BufferEncoding = 'utf8') => Buffer.from(text, encoding).toString('base64');
const send = (header: string, { app = served, path = '/', from = '192.0.2.1' } = {}) =>
  request(app).get(path).set('authorization', header).set('x-forwarded-for', from);
const signIn = (login: string, password: string, where: { app?: Express; from?: string } = {}) =>
  send(`Basic ${base64(`${login}:${password}`)}`, where);
let made = 0;
async function makeLogin(change: { expiresAt?: Date; secretHash?: string } = {}) {
  made += 1;
  const login = `Login.${made}@example.org`;
  const { id, secret_hash } = await makeBasicAccess(api, { password: PASSWORD, scopes: ['public'], ...change, login });
  return { id, login, hash: `${secret_hash}` };
}

test.each<[string, unknown]>([
  ['', { kind: 'none' }],
  ['Bearer berth_x', { kind: 'none' }],
  ['Basics YTpi', { kind: 'none' }],
  ['Basic', { kind: 'broken', why: 'empty' }],
  ['bAsIc \t ', { kind: 'broken', why: 'empty' }],
  ['Basic YTpi YTpi', { kind: 'broken', why: 'spaces' }],
  ['Basic a:b', { kind: 'broken', why: 'encoding' }],
  ['Basic YTpi=', { kind: 'broken', why: 'encoding' }],
  ['Basic YTpiYw', { kind: 'broken', why: 'encoding' }],
  ['Basic _-8=', { kind: 'broken', why: 'encoding' }],
  [`Basic ${base64('no colon')}`, { kind: 'broken', why: 'encoding' }],
])('the header %j is read as what it is', async (header, expected) => {
  expect((await send(header)).body).toEqual(expected);
});

test.each<[string, string, string]>([
  [`Basic ${base64('a:b')}`, 'a', 'b'],
  [`BASIC   ${base64('a:b:c')}`, 'a', 'b:c'],
  [`Basic ${base64(':')}`, '', ''],
  [`Basic ${base64('a:pässwörd')}`, 'a', 'pässwörd'],
  [`Basic ${base64('a:pässwörd', 'latin1')}`, 'a', 'pässwörd'],
  [`Basic ${base64('a:\0')}`, 'a', '\0'],
])('the header %j holds a login and a password', async (header, login, password) => {
  expect((await send(header, { path: '/read' })).body).toEqual({ login, password, shown: '[secret]' });
});

test('the right password of a living login is let in, in UTF-8 and Latin-1, and who calls is noted', async () => {
  const { id, login } = await makeLogin();
  const answer = await signIn(login, PASSWORD);
  expect([answer.status, answer.body]).toEqual([200, { id, address: '192.0.2.1', noted: id }]);
  expect((await send(`basic ${base64(`${login}:${PASSWORD}`, 'latin1')}`)).status).toBe(200);
});

test('unknown, wrong, expired, revoked and impossible ones are refused in the same words', async () => {
  const { login } = await makeLogin();
  const expired = await makeLogin({ expiresAt: new Date(Date.now() - 1_000) });
  const revoked = await makeLogin();
  await api.context.store.accesses.revoke(revoked.id);
  const wrong: [string, string][] = [
    [login, 'wrong'],
    [login, ''],
    [login, `${PASSWORD}\0`],
    [login, 'x'.repeat(5_000)],
    [login.toLowerCase(), PASSWORD],
    [` ${login}`, PASSWORD],
    ['nobody', PASSWORD],
    ['', ''],
    ['a\0b', 'c'],
    ['ü\ud83d\ude00', 'c'],
    ['x'.repeat(5_000), 'c'],
    [`' OR true --`, 'c'],
    [expired.login, PASSWORD],
    [revoked.login, PASSWORD],
  ];
  for (const [name, password] of wrong) {
    const { status, body } = await signIn(name, password);
    expect([name, status, body.code, body.detail]).toEqual([name, 401, 'unauthenticated', REFUSAL]);
  }
});

test('what was proven ends with the password, the access and its time, at once', async () => {
  const { id, login } = await makeLogin();
  const statusOf = async (password: string) => (await signIn(login, password)).status;
  expect([await statusOf(PASSWORD), await statusOf(PASSWORD)]).toEqual([200, 200]);
  await api.context.store.accesses.rotate(id, await hashPassword(new Secret('the next one')), 0);
  expect([await statusOf(PASSWORD), await statusOf('the next one')]).toEqual([401, 200]);
  await api.context.store.accesses.update(id, { expires_at: new Date(Date.now() - 1_000) });
  expect(await statusOf('the next one')).toBe(401);
  await api.context.store.accesses.update(id, { expires_at: null });
  expect(await statusOf('the next one')).toBe(200);
  await api.context.store.accesses.revoke(id);
  expect(await statusOf('the next one')).toBe(401);
});

test('a password is no token, a token no password, and a hash opens nothing', async () => {
  const { login, hash } = await makeLogin();
  const { token } = await makeAccess(api, { scopes: ['public'] });
  expect((await send(`Bearer ${token.reveal()}`, { path: '/bearer' })).status).toBe(200);
  for (const header of [PASSWORD, hash, base64(`${login}:${PASSWORD}`)])
    expect((await send(`Bearer ${header.replaceAll(' ', '')}`, { path: '/bearer' })).status).toBe(401);
  expect((await send(`Basic ${base64(`${login}:${PASSWORD}`)}`, { path: '/bearer' })).status).toBe(401);
  for (const [name, password] of [
    [login, hash],
    ['an access', token.reveal()],
    [token.reveal(), ''],
  ])
    expect((await signIn(`${name}`, `${password}`)).status).toBe(401);
});

test('a page of another site changes nothing by a password that the browser keeps', async () => {
  const { login } = await makeLogin();
  const post = (headers: Record<string, string>) =>
    request(served).post('/').auth(login, PASSWORD).set('host', 'berth.example.org').set(headers);
  for (const headers of [
    { origin: 'https://evil.example.org' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    expect((await post({ ...headers })).body.code).toBe('missing_scope');
    expect((await send(`Basic ${base64(`${login}:${PASSWORD}`)}`).set({ ...headers })).status).toBe(200); // which it cannot read
  }
  const asked = { origin: 'https://asked.example.org', 'x-forwarded-host': 'asked.example.org' }; // of a proxy that is trusted
  for (const headers of [{}, { origin: 'https://berth.example.org' }, { 'sec-fetch-site': 'same-origin' }, asked])
    expect((await post({ ...headers })).status).toBe(200);
});

/** Attempts with wrong passwords, one after another. */
async function attempts(count: number, of: (index: number) => request.Test): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) all.push((await of(index)).status);
  return all;
}

test('an address that guesses is slowed for all logins, and who proved itself there before is let in', async () => {
  const { login } = await makeLogin();
  const app = serve(2);
  expect((await signIn(login, PASSWORD, { app })).status).toBe(200);
  expect(await attempts(4, (index) => signIn(`nobody${index}`, 'x', { app }))).toEqual([401, 401, 429, 429]);
  expect((await signIn(login, PASSWORD, { app })).status).toBe(200);
  const stranger = await makeLogin();
  const refused = await signIn(stranger.login, PASSWORD, { app });
  expect([refused.status, refused.body.detail]).toEqual([429, expect.stringContaining('from this address')]);
  expect(Number(refused.get('retry-after'))).toBeGreaterThan(0);
  expect((await signIn(stranger.login, PASSWORD, { app, from: '192.0.2.2' })).status).toBe(200);
});

test.each([true, false])('a login that is guessed at from many addresses is slowed, existing: %s', async (exists) => {
  const login = exists ? (await makeLogin()).login : 'no.such.login';
  const app = serve(2);
  const guess = (index: number) => signIn(login, `wrong ${index}`, { app, from: `198.51.100.${index}` });
  expect(await attempts(4, guess)).toEqual([401, 401, 429, 429]);
  const refused = await guess(9);
  expect([refused.status, refused.body.detail]).toEqual([429, expect.stringContaining('for this login')]);
  expect((await signIn((await makeLogin()).login, PASSWORD, { app })).status).toBe(200);
});

test('what can be nobody’s login is counted as one, however it is written', async () => {
  const app = serve(2);
  const guess = (index: number) => signIn(`${'x'.repeat(5_000)}${index}`, 'c', { app, from: `198.51.100.${index}` });
  expect(await attempts(4, guess)).toEqual([401, 401, 429, 429]);
});

test('a client that proved its password is let in while its login is attacked, from any address', async () => {
  const { login } = await makeLogin();
  const app = serve(2);
  expect((await signIn(login, PASSWORD, { app })).status).toBe(200);
  const attack = (index: number) => signIn(login, `wrong ${index}`, { app, from: `198.51.100.${index}` });
  expect(await attempts(3, attack)).toEqual([401, 401, 429]);
  expect((await signIn(login, PASSWORD, { app })).status).toBe(200);
  expect((await signIn(login, PASSWORD, { app, from: '198.51.100.1' })).status).toBe(200);
});

test('many at once are no more guesses, and a right one uses none up', async () => {
  const { login } = await makeLogin();
  const app = serve(2);
  const right = await Promise.all(Array.from({ length: 20 }, () => signIn(login, PASSWORD, { app })));
  expect(new Set(right.map(({ status }) => status))).toEqual(new Set([200]));
  const wrong = await Promise.all(Array.from({ length: 10 }, (_, index) => signIn(login, `wrong ${index}`, { app })));
  expect(wrong.filter(({ status }) => status === 401).length).toBe(2);
});

test('a login that does not exist takes as long to refuse as one that does', async () => {
  const { login } = await makeLogin({ secretHash: await hashPassword(new Secret(PASSWORD)) });
  const times: Record<string, number[]> = { known: [], unknown: [] };
  for (let index = 0; index < 5; index += 1) {
    for (const [which, name] of [
      ['known', login],
      ['unknown', `nobody${index}`],
    ]) {
      const fromMs = api.context.clock.monotonicMs();
      await signIn(`${name}`, `wrong ${index}`);
      times[`${which}`]?.push(api.context.clock.monotonicMs() - fromMs);
    }
  }
  const ratio = medianOf(times.unknown) / medianOf(times.known);
  expect([ratio > 0.2, ratio < 5]).toEqual([true, true]); // about 1 when it was written; without a decoy 0.02
});

function medianOf(numbers: number[] = []): number {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
