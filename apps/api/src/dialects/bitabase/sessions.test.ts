// A session is what an e-mail and a password open: it may what its login may at that moment, and ends with it. Who guesses is slowed.
import { openSession, revokeAccess, rotateAccess, updateAccess } from '@berth/actions';
import { Secret, uuidOf } from '@berth/core';
import { hashToken } from '@berth/secrets';
import type { Access } from '@berth/store';
import { eventually } from '@berth/testing';
import request from 'supertest';
import { makeAccess, makeAccessOf, makeBasicAccess } from '../../api.fixture';
import { openRateLimits } from '../../http/rate-limits';
import { API, as, openStreet, PASSWORD, rows, type SessionHeaders, type Street, streetWith } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const UNAUTHORISED = '{\n  "error": "unauthorised"\n}';

const signIn = (email: unknown, password: unknown = PASSWORD, by = street) =>
  request(by.app).post(`${API}/sessions`).send({ email, password });

const headersOf = (id: string, secret: Secret | string): SessionHeaders => ({
  'X-Session-Id': id,
  'X-Session-Secret': typeof secret === 'string' ? secret : secret.reveal(),
});

const current = (headers: SessionHeaders) =>
  request(street.app)
    .get(`${API}/sessions/current`)
    .set({ ...headers });

async function expectOver(headers: SessionHeaders): Promise<void> {
  const { status, text } = await current(headers);
  expect([status, text]).toEqual([401, UNAUTHORISED]);
}

/** A login of its own, and how to sign it in without paying for the password. */
async function newLogin(login: string) {
  const scopes = ['public', 'admin'] as const;
  const access = await makeBasicAccess(street.api, { login, password: PASSWORD, scopes: [...scopes] });
  const open = async () => {
    const { secret, session } = await openSession(street.api.context, access);
    return headersOf(uuidOf(session.id), secret);
  };
  return { access, open };
}

async function operator(): Promise<Access> {
  const { access } = await makeAccess(street.api, { scopes: ['operator'] });
  return access;
}

test('an e-mail in any case and its password open one: 200, over several lines, with the user and the secret, this once', async () => {
  const answer = await signIn('Dev@Example.org');
  const { sessionId, sessionSecret, user } = answer.body;
  expect([answer.status, answer.get('content-type')]).toEqual([200, 'application/json']);
  expect(answer.text).toBe(JSON.stringify({ sessionId, sessionSecret, user }, null, 2));
  expect(user).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    email: 'dev@example.org',
    date_created: expect.any(Number),
  });
  expect([sessionId, sessionSecret]).toEqual([
    expect.stringMatching(/^[0-9a-f-]{36}$/),
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ]);
  const told = await current(headersOf(sessionId, sessionSecret));
  expect([told.status, told.text]).toEqual([200, JSON.stringify({ sessionId, user }, null, 2)]);
  expect((await current(headersOf(sessionId.toUpperCase(), sessionSecret))).status).toBe(200);
  const { rows: kept } = await street.sql.query(
    `SELECT deed, person, before, after::text FROM audit WHERE deed = 'session_create' ORDER BY number DESC LIMIT 1`,
  );
  expect(kept).toMatchObject([{ person: 'caller@example.org', before: null }]);
  expect(kept[0].after).not.toContain(sessionSecret);
  const { rows: stored } = await street.sql.query('SELECT secret_hash FROM accesses WHERE kind = $1', ['session']);
  expect(stored.map(({ secret_hash }) => secret_hash)).toContain(hashToken(new Secret(sessionSecret)));
});

test('a login that operators made with capitals opens one, letter by letter, whoever has it in small ones', async () => {
  const { access } = await newLogin('Ops@Example.org');
  const as = async (email: string) => (await signIn(email)).body.user?.id;
  expect([await as('Ops@Example.org'), await as('ops@example.org')]).toEqual([uuidOf(access.id), undefined]);
  const small = await newLogin('ops@example.org');
  const both = [await as('Ops@Example.org'), await as('ops@example.org'), await as('OPS@example.org')];
  expect(both).toEqual([uuidOf(access.id), uuidOf(small.access.id), uuidOf(small.access.id)]);
});

test.each([
  ['dev@example.org', 'wrong-123'],
  ['dev@example.org', `${PASSWORD} `],
  ['nobody@example.org', PASSWORD],
  ["' OR true --", PASSWORD],
  ['x'.repeat(5_000), PASSWORD],
  ['dev@example.org', '\0'],
  ['dev@example.org', 'x'.repeat(50_000)],
])('%.20j with %.20j is 401, the same for all, and writes nothing', async (email, password) => {
  const before = await rows(street);
  const { status, text } = await signIn(email, password);
  expect([status, text]).toEqual([401, UNAUTHORISED]);
  expect(await rows(street)).toEqual(before);
});

test.each([
  [{}, { email: 'email is a required field', password: 'password is a required field' }],
  [[], { email: 'email is a required field', password: 'password is a required field' }],
  ['x', { email: 'email is a required field', password: 'password is a required field' }],
  [null, { email: 'email is a required field', password: 'password is a required field' }],
  [{ email: 'dev@example.org' }, { password: 'password is a required field' }],
  [
    { email: '', password: null },
    { email: 'email is a required field', password: 'password is a required field' },
  ],
  [
    { email: 5, password: ['x'] },
    { email: 'email must be a text', password: 'password must be a text' },
  ],
])('%j is 422, with what is wrong of each field', async (body, errors) => {
  const sent = request(street.app).post(`${API}/sessions`).type('text/plain');
  const answer = await sent.send(JSON.stringify(body));
  expect([answer.status, answer.text]).toEqual([422, JSON.stringify({ errors }, null, 2)]);
});

test('what its login may it may, at that moment', async () => {
  const { access, open } = await newLogin('changing@example.org');
  const headers = await open();
  const create = (name: string) =>
    request(street.app)
      .post(`${API}/databases`)
      .set({ ...headers })
      .send({ name });
  expect((await create('while-it-may')).status).toBe(201);
  await updateAccess(street.api.context, await operator(), access.id, { scopes: ['public'] });
  expect((await create('no-more')).status).toBe(401);
  await updateAccess(street.api.context, await operator(), access.id, { scopes: ['admin'] });
  expect((await create('again')).status).toBe(201);
});

test('a session ends with its login, with its password, and by itself; another one of the login goes on', async () => {
  const { access, open } = await newLogin('ending@example.org');
  const caller = await operator();
  const { context } = street.api;
  const [one, other] = [await open(), await open()];
  await street.sql.query(
    'UPDATE accesses SET revoked_at = now() WHERE id = (SELECT max(id) FROM accesses WHERE parent_id = $1)',
    [access.id],
  );
  await expectOver(other);
  expect((await current(one)).status).toBe(200);
  await rotateAccess(context, caller, access.id, { graceS: 0, password: new Secret('another-1') });
  await expectOver(one);
  const renewed = await context.store.accesses.findBasic('ending@example.org');
  if (renewed === null) throw new Error('the login is gone');
  await expect(openSession(context, access)).rejects.toMatchObject({ code: 'unauthenticated' }); // proven by the old password
  const { secret, session } = await openSession(context, renewed);
  const last = headersOf(uuidOf(session.id), secret);
  expect((await current(last)).status).toBe(200);
  await revokeAccess(context, caller, access.id);
  await expectOver(last);
  await expect(openSession(context, renewed)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('one that was not used for thirty days is over', async () => {
  const { open } = await newLogin('idle@example.org');
  const headers = await open();
  const age = (days: number) =>
    street.sql.query(
      `UPDATE accesses SET created_at = now() - interval '60 days', last_used_at = now() - $2 * interval '1 day'
      WHERE secret_hash = $1`,
      [hashToken(new Secret(headers['X-Session-Secret'])), days],
    );
  await age(29.9);
  expect((await current(headers)).status).toBe(200);
  await eventually(async () => (await lastUse(headers)) > Date.now() - 60_000, { what: 'its use to be noted' });
  await age(30.1);
  await expectOver(headers);
});

const lastUse = async (headers: SessionHeaders) => {
  const hash = hashToken(new Secret(headers['X-Session-Secret']));
  const { rows: found } = await street.sql.query('SELECT last_used_at FROM accesses WHERE secret_hash = $1', [hash]);
  return found[0].last_used_at.getTime();
};

test('one that operators made is called with in the same way, and is its own user', async () => {
  const { access, secret } = await makeAccessOf(street.api, 'session', { scopes: ['public', 'admin'] });
  const id = uuidOf(access.id);
  const headers = headersOf(id, secret);
  const user = { id, email: 'caller@example.org', date_created: access.created_at.getTime() };
  expect((await current(headers)).body).toEqual({ sessionId: id, user });
  expect(
    (
      await request(street.app)
        .post(`${API}/databases`)
        .set({ ...headers })
        .send({ name: 'of-operators' })
    ).status,
  ).toBe(201);
});

test('no other access is a session: neither a token nor a login opens anything by these headers', async () => {
  const { access, token } = await makeAccess(street.api, { scopes: ['public'] });
  await expectOver(headersOf(uuidOf(access.id), token));
  const login = await street.store.accesses.findBasic('dev@example.org');
  await expectOver(headersOf(uuidOf(login?.id ?? ''), PASSWORD));
  await expectOver(headersOf(uuidOf(login?.id ?? ''), street.sessions.dev['X-Session-Secret']));
});

describe('who guesses', () => {
  let slowed: Street;

  beforeAll(async () => {
    const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 2 });
    slowed = streetWith(street, { limits });
  });

  test('passwords or secrets is 401 so often, then 429 with when to come again, in the words of the product', async () => {
    const wrong = () => as(slowed, null).get(`${API}/databases`).set('X-Session-Secret', '0'.repeat(64));
    expect([(await wrong()).status, (await signIn('dev@example.org', 'wrong-123', slowed)).status]).toEqual([401, 401]);
    for (const answer of [await wrong(), await signIn('dev@example.org', 'wrong-124', slowed)]) {
      expect([answer.status, Number(answer.get('retry-after')) > 0]).toEqual([429, true]);
      expect(Object.values(answer.body.errors)).toEqual([expect.stringMatching(/^More than 2 .* in a minute/)]);
    }
    expect((await as(slowed).get(`${API}/databases`)).status).toBe(200);
  });
});

test('an access that comes too often is told so in the words of the product', async () => {
  const limits = openRateLimits({ requestsPerMinute: 1, refusalsPerMinute: 0 });
  const slowed = streetWith(street, { limits });
  expect((await as(slowed).get(`${API}/databases`)).status).toBe(200);
  const answer = await as(slowed).post(`${API}/databases`).send({ name: 'often' });
  expect([answer.status, answer.body]).toEqual([
    429,
    { errors: { name: expect.stringContaining('More than 1 requests') } },
  ]);
});
