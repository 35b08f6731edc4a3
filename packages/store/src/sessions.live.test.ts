// Sessions, keys and signers: what opens one, for how long, and whose rights a session has.
import { randomUUID } from 'node:crypto';
import { type AccessKind, newId } from '@berth/core';
import type { AccessOwner } from './accesses';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const FIELDS = {
  name: 'an access',
  scopes: ['public' as const],
  limit_project_id: null,
  limit_environment_id: null,
  default_engine: null,
  default_plan_id: null,
  default_environment_id: null,
  default_project_id: null,
  default_pool_id: null,
  sees_quarantine: false,
  expires_at: null,
};

type Opened = AccessOwner extends infer Owner
  ? Owner extends unknown
    ? Omit<Owner, 'id' | 'teamId' | 'person'>
    : never
  : never;

async function insert(opened: Opened): Promise<string> {
  const owner = { ...opened, id: newId('access'), teamId: street.teamId, person: 'p' };
  return (await street.store.accesses.insert(owner, FIELDS)).id;
}

const hash = () => `hash ${randomUUID()}`;
const login = () => insert({ kind: 'basic', login: randomUUID(), secretHash: hash() });

/** A session with the hash `of its id`. */
async function session(parentId: string | null): Promise<string> {
  const id = await insert({ kind: 'session', parentId, secretHash: hash() });
  await street.sql(`UPDATE accesses SET secret_hash = 'of ' || id WHERE id = $1`, [id]);
  return id;
}

const age = (id: string, column: string, ago: string) =>
  street.sql(`UPDATE accesses SET ${column} = now() - $2::interval WHERE id = $1`, [id, ago]);

/** Whose rights the session has; null when it opens nothing. */
async function rightsOf(id: string, secretHash = `of ${id}`): Promise<string | null> {
  const opened = await street.store.accesses.findSession(id, secretHash);
  expect(opened === null || opened.session.id === id).toBe(true);
  return opened?.access.id ?? null;
}

const KINDS: [AccessKind, () => Promise<string>][] = [
  ['bearer', () => insert({ kind: 'bearer', secretHash: hash() })],
  ['basic', login],
  ['session', () => session(null)],
  ['cosmos_key', () => insert({ kind: 'cosmos_key', secretSealed: 's' })],
  ['jwt_signer', () => insert({ kind: 'jwt_signer', secretSealed: 's' })],
];

test.each(KINDS)(
  'one of kind %s is found by its id and kind while it lives, and as no other kind',
  async (kind, make) => {
    const { accesses } = street.store;
    const id = await make();
    for (const [other] of KINDS)
      expect((await accesses.findLiving(id, other))?.id).toBe(other === kind ? id : undefined);
    await age(id, 'expires_at', '-1 hour');
    expect((await accesses.findLiving(id, kind))?.id).toBe(id);
    await age(id, 'expires_at', '1 ms');
    expect(await accesses.findLiving(id, kind)).toBeNull();
    const revoked = await make();
    await accesses.revoke(revoked);
    expect(await accesses.findLiving(revoked, kind)).toBeNull();
    expect(await accesses.findLiving('acc_none', kind)).toBeNull();
  },
);

describe('a session', () => {
  it('is opened by its id and its own secret; one that operators made has its own rights', async () => {
    const [mine, other] = [await session(null), await session(null)];
    expect(await rightsOf(mine)).toBe(mine);
    for (const wrong of ['', `of ${other}`, 'of nobody']) expect(await rightsOf(mine, wrong)).toBeNull();
    expect(await rightsOf('acc_none', `of ${mine}`)).toBeNull();
    expect(await rightsOf(await login(), `of ${mine}`)).toBeNull();
  });

  it('is not opened when it is revoked or its time is over', async () => {
    const [revoked, expired] = [await session(null), await session(await login())];
    await street.store.accesses.revoke(revoked);
    await age(expired, 'expires_at', '1 ms');
    expect([await rightsOf(revoked), await rightsOf(expired)]).toEqual([null, null]);
  });

  it('that a login opened has its rights, and ends with it: revoked or over', async () => {
    const [one, other] = [await login(), await login()];
    const [ofOne, ofOther, lone] = [await session(one), await session(other), await session(null)];
    expect([await rightsOf(ofOne), await rightsOf(ofOther)]).toEqual([one, other]);
    await street.sql('UPDATE accesses SET revoked_at = now() WHERE id = $1', [one]); // at the moment at which it was opened
    expect([await rightsOf(ofOne), await rightsOf(ofOther), await rightsOf(lone)]).toEqual([null, other, lone]);
    await age(other, 'expires_at', '1 ms');
    expect(await rightsOf(ofOther)).toBeNull();
  });

  it('that a login opened is revoked with it and by another password, and no session of others is', async () => {
    const { accesses } = street.store;
    const [one, other] = [await login(), await login()];
    const [ofOne, ofOther] = [await session(one), await session(other)];
    await accesses.rotate(one, hash(), 0);
    expect([await rightsOf(ofOne), await rightsOf(ofOther)]).toEqual([null, other]);
    expect((await accesses.find(ofOne))?.revoked_at).toBeInstanceOf(Date);
    const again = await session(one);
    expect(await rightsOf(again)).toBe(one);
    await accesses.revoke(one);
    expect((await accesses.find(again))?.revoked_at).toBeInstanceOf(Date);
    expect(await rightsOf(ofOther)).toBe(other);
  });

  it('that a login opened ends after thirty days without a use; one that operators made does not', async () => {
    const opened = await session(await login());
    const made = await session(null);
    for (const id of [opened, made]) await age(id, 'created_at', '31 days');
    expect([await rightsOf(opened), await rightsOf(made)]).toEqual([null, made]);
    await age(opened, 'last_used_at', '29 days 23 hours');
    expect(await rightsOf(opened)).not.toBeNull();
    await age(opened, 'last_used_at', '31 days');
    expect(await rightsOf(opened)).toBeNull();
  });
});

test('living keys are listed by number, a page at a time, without those that open nothing', async () => {
  const { accesses } = street.store;
  const before = await accesses.listKeys(0, 100);
  const after = before.at(-1)?.number ?? 0;
  const keys: string[] = [];
  for (let each = 0; each < 4; each += 1) keys.push(await insert({ kind: 'cosmos_key', secretSealed: `s${each}` }));
  const [first = '', second = '', third = '', fourth = ''] = keys;
  await accesses.revoke(second);
  await age(third, 'expires_at', '1 ms');
  const page = await accesses.listKeys(after, 1);
  expect(page.map(({ id }) => id)).toEqual([first]);
  expect((await accesses.listKeys(page[0]?.number ?? 0, 10)).map(({ id }) => id)).toEqual([fourth]);
  const [kept] = await accesses.listKeys(after, 1);
  expect((await accesses.rotateKey(first, 'anew'))?.secret_sealed).toBe('anew');
  expect([kept?.secret_sealed, (await accesses.rotateKey(second, 'anew'))?.id]).toEqual(['s0', undefined]);
});

test('operators see what they made; sessions that logins opened when they ask for sessions, or for those of one login', async () => {
  const { accesses } = street.store;
  await street.sql('UPDATE accesses SET revoked_at = coalesce(revoked_at, now())');
  const owner = await login();
  const [opened, made] = [await session(owner), await session(null)];
  const listed = async (filter: object) =>
    (await accesses.list({ isRevoked: false, ...filter }, { cursor: null, limit: 10 })).data.map(({ id }) => id);
  expect(await listed({})).toEqual([made, owner]);
  expect(await listed({ kind: 'session' })).toEqual([made, opened]);
  expect(await listed({ kind: 'basic' })).toEqual([owner]);
  expect(await listed({ parentId: owner })).toEqual([opened]);
  expect(await listed({ parentId: made })).toEqual([]);
  const { data, nextCursor } = await accesses.list({ kind: 'session', isRevoked: false }, { cursor: null, limit: 1 });
  expect(data.map(({ id }) => id)).toEqual([made]);
  const rest = await accesses.list({ kind: 'session', isRevoked: false }, { cursor: nextCursor, limit: 1 });
  expect(rest.data.map(({ id }) => id)).toEqual([opened]);
});

test('a session that its login opened keeps no team from being deleted when the login is over', async () => {
  const owner = await login();
  await session(owner);
  await street.sql(
    'UPDATE accesses SET revoked_at = now() WHERE revoked_at IS NULL AND id <> $1 AND parent_id IS NULL',
    [owner],
  );
  const uses = async () => (await street.store.teams.listUses(street.teamId)).filter(({ what }) => what === 'access');
  expect(await uses()).toEqual([{ what: 'access', count: 1 }]);
  await age(owner, 'expires_at', '1 ms');
  expect(await uses()).toEqual([]);
});
