// A token opens what it was made for, until it expires or is revoked, by the store's clock.
import type { NewAccess } from './accesses';
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
