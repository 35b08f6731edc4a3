// Signed tokens are good for their hour and their purpose, and end with their signer; everything else opens nothing.
import { createHmac } from 'node:crypto';
import { openAccessKey, rotateAccess } from '@berth/actions';
import { Secret } from '@berth/core';
import { signingKeyOf } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import jwt from 'jsonwebtoken';
import { makeAccess, makeAccessOf, openTestApi, type TestApi } from '../api.fixture';
import { findSigner, isSignedToken, openSigned, signToken } from './signed-tokens';

const PURPOSE = { audience: 'things', subject: 'one' };
const HOUR_MS = 60 * 60 * 1_000;

let testStore: TestStore;
let api: TestApi;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const make = () => makeAccessOf(api, 'jwt_signer', { scopes: ['public'] });

test("a signer's own token finds it, and nothing that differs from it in one digit does", async () => {
  const { access, secret } = await make();
  const token = secret.reveal();
  expect((await findSigner(api.context, secret))?.id).toBe(access.id);
  const last = token.endsWith('0') ? '1' : '0';
  const { secret: other } = await make();
  const mixed = `${token.slice(0, -64)}${other.reveal().slice(-64)}`;
  for (const wrong of [`${token.slice(0, -1)}${last}`, mixed, `${token}0`, token.toUpperCase(), '', 'berth_', '\0'])
    expect([wrong, await findSigner(api.context, new Secret(wrong))]).toEqual([wrong, null]);
});

test('a token is good for an hour by the clock, and says its purpose', async () => {
  const { access } = await make();
  const token = signToken(api.context, access, PURPOSE);
  expect(isSignedToken(token)).toBe(true);
  const claims = jwt.decode(token.reveal());
  expect(claims).toMatchObject({ iss: 'berth', aud: 'things', sub: 'one', exp: expect.any(Number) });
  const at = (ms: number) => {
    const now = api.context.clock.now().getTime() + ms;
    return { ...api.context, clock: { ...api.context.clock, now: () => new Date(now) } };
  };
  expect(await openSigned(at(0), token)).toMatchObject({ access: { id: access.id }, purpose: PURPOSE });
  expect(await openSigned(at(HOUR_MS - 5_000), token)).not.toBeNull();
  expect(await openSigned(at(HOUR_MS), token)).toBeNull();
});

test('it ends at once when its signer is rotated, revoked or expired', async () => {
  const [rotated, revoked, expired] = [await make(), await make(), await make()];
  const tokens = [rotated, revoked, expired].map(({ access }) => signToken(api.context, access, PURPOSE));
  for (const token of tokens) expect(await openSigned(api.context, token)).not.toBeNull();
  const { access: operator } = await makeAccess(api, { scopes: ['operator'] });
  await rotateAccess(api.context, operator, rotated.access.id, { graceS: 0 });
  await api.sql('UPDATE accesses SET revoked_at = now() WHERE id = $1', [revoked.access.id]);
  await api.sql("UPDATE accesses SET expires_at = now() - interval '1 s' WHERE id = $1", [expired.access.id]);
  for (const token of tokens) expect(await openSigned(api.context, token)).toBeNull();
  for (const { secret } of [rotated, revoked, expired]) expect(await findSigner(api.context, secret)).toBeNull();
});

test('a token that is unsigned, signed with another key, by another way or by another access opens nothing', async () => {
  const [mine, theirs] = [await make(), await make()];
  const good = signToken(api.context, mine.access, PURPOSE).reveal();
  const [, claims = ''] = good.split('.');
  const head = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64url');
  const forged = (fields: object, key: string) => {
    const text = `${head({ alg: 'HS256', typ: 'JWT', ...fields })}.${claims}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const kid = mine.access.id;
  const others = signToken(api.context, theirs.access, PURPOSE).reveal().split('.');
  const wrong = [
    `${head({ alg: 'none', kid })}.${claims}.`,
    forged({ kid }, 'another key'),
    forged({ kid }, mine.secret.reveal()), // its own token is no key
    forged({ kid }, ''),
    forged({}, 'another key'),
    forged({ kid: 7 }, 'another key'),
    forged({ kid: api.team.id }, 'another key'),
    `${head({ alg: 'HS512', kid })}.${claims}.${good.split('.')[2]}`,
    `${good.split('.')[0]}.${claims}.${others[2]}`,
    `${good}x`,
    'a.b.c',
    '..',
    `${head({ alg: 'HS256', kid })}.!.${good.split('.')[2]}`,
  ];
  for (const token of wrong) expect([token, await openSigned(api.context, new Secret(token))]).toEqual([token, null]);
  expect(await openSigned(api.context, new Secret(good))).not.toBeNull();
});

test('even of its own key, nothing opens that is signed otherwise, by another issuer, for two uses, or without an end', async () => {
  const { access } = await make();
  const key = signingKeyOf(openAccessKey(api.context.keyRing, access));
  const now = Math.floor(api.context.clock.now().getTime() / 1_000);
  const claims = { iss: 'berth', aud: 'things', sub: 'one', exp: now + 60 };
  const sign = (change: object, options: jwt.SignOptions = {}) => {
    const merged = Object.fromEntries(Object.entries({ ...claims, ...change }).filter(([, value]) => value !== null));
    return new Secret(jwt.sign(merged, key, { keyid: access.id, ...options }));
  };
  expect(await openSigned(api.context, sign({}))).toMatchObject({ purpose: PURPOSE });
  for (const wrong of [
    sign({}, { algorithm: 'HS512' }),
    sign({}, { algorithm: 'HS384' }),
    sign({ iss: 'another' }),
    sign({ iss: null }),
    sign({ aud: ['things', 'more'] }),
    sign({ aud: null }),
    sign({ sub: null }),
    sign({ exp: null }),
    sign({ exp: now - 1 }),
    sign({ nbf: now + 30 }),
  ])
    expect([wrong.reveal(), await openSigned(api.context, wrong)]).toEqual([wrong.reveal(), null]);
});

test('an access of another kind signs nothing', async () => {
  const { access } = await makeAccess(api, { scopes: ['public', 'admin'] });
  expect(() => signToken(api.context, access, PURPOSE)).toThrow('signs no tokens');
});
