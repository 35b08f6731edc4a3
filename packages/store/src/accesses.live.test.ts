// A token or a login opens what it was made for, until it expires or is revoked, by the store's clock.
import { codeOf, newId } from '@berth/core';
import type { AccessFields, NewAccess } from './accesses';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const bearer = (secretHash: string, change: Partial<NewAccess> = {}) =>
  street.store.accesses.ensureBearer({
    teamId: street.teamId,
    name: 'an access',
    person: 'caller@example.org',
    secretHash,
    scopes: ['public'],
    defaults: {},
    expiresAt: null,
    ...change,
  });
const find = async (hash: string) => (await street.store.accesses.findBearer(hash))?.secret_hash ?? null;
const inAnHour = () => new Date(Date.now() + 3_600_000);

test('finds a living one, with an end or without', async () => {
  await bearer('endless');
  await bearer('ending', { expiresAt: inAnHour() });
  expect(await find('endless')).toBe('endless');
  expect(await find('ending')).toBe('ending');
});

test('finds none that is unknown, expired, revoked, or of another kind', async () => {
  await bearer('expired', { expiresAt: new Date(Date.now() - 1_000) });
  const { id } = await bearer('revoked', { expiresAt: inAnHour() });
  await street.sql('UPDATE accesses SET revoked_at = now() WHERE id = $1', [id]);
  const basic = await bearer('basic');
  await street.sql(`UPDATE accesses SET kind = 'basic', login = 'somebody' WHERE id = $1`, [basic.id]);
  for (const hash of ['unknown', '', 'expired', 'revoked', 'basic']) expect(await find(hash)).toBeNull();
});

test('knows the end by the clock of the store, not of this machine', async () => {
  const { id } = await bearer('by the store', { expiresAt: inAnHour() });
  await street.sql(`UPDATE accesses SET expires_at = now() + interval '1 hour' WHERE id = $1`, [id]);
  expect(await find('by the store')).toBe('by the store');
  await street.sql(`UPDATE accesses SET expires_at = now() - interval '1 ms' WHERE id = $1`, [id]);
  expect(await find('by the store')).toBeNull();
});

test('ensureBearer with a known secret changes nothing, however often and at once', async () => {
  const first = await bearer('once');
  const again = await Promise.all([
    bearer('once', { scopes: ['public', 'operator'] }),
    bearer('once', { name: 'another' }),
  ]);
  expect(again).toEqual([first, first]);
});

const FIELDS: AccessFields = {
  name: 'an access',
  scopes: ['public'],
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
const basic = (login: string, change: Partial<AccessFields> = {}) =>
  street.store.accesses.insert(
    {
      id: newId('access'),
      teamId: street.teamId,
      person: 'p',
      secretHash: `hash of ${login} ${Math.random()}`,
      kind: 'basic',
      login,
    },
    { ...FIELDS, ...change },
  );

test('a login is found letter by letter, while it lives', async () => {
  const { id } = await basic('Admin');
  const idOf = async (login: string) => (await street.store.accesses.findBasic(login))?.id ?? null;
  expect(await idOf('Admin')).toBe(id);
  await basic('expired', { expires_at: new Date(Date.now() - 1_000) });
  await street.sql(`UPDATE accesses SET login = 'no basic' WHERE id = $1`, [(await bearer('with a login')).id]);
  for (const login of ['admin', 'Admin ', '', 'Admi_', 'expired', 'no basic']) expect(await idOf(login)).toBeNull();
  await street.store.accesses.rotate(id, 'the next hash', 0);
  const rotated = await street.store.accesses.findBasic('Admin');
  expect([rotated?.id, rotated?.secret_hash, rotated?.previous_secret_hash]).toEqual([id, 'the next hash', null]);
  await street.store.accesses.revoke(id);
  expect(await idOf('Admin')).toBeNull();
});

test('a login belongs to one living access; revoked, it is free again', async () => {
  const { id } = await basic('wanted');
  expect(await basic('wanted').catch(codeOf)).toBe('name_taken');
  await basic('Wanted'); // another one
  await street.store.accesses.revoke(id);
  expect((await basic('wanted')).login).toBe('wanted');
});
