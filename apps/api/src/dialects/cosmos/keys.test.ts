// Whose key it is: a key opens nothing from the request after it was revoked, rotated or has expired; many are searched through in
// pages; and who guesses is stopped, while those who were right lately are let in.
import { makeMasterKey } from '@berth/secrets';
import { makeAccessOf } from '../../api.fixture';
import { openStreet, type Street, send } from './street.fixture';

let street: Street;

beforeEach(async () => {
  street = await openStreet({ rateLimits: { refusalsPerMinute: 5 } });
});
afterEach(() => street?.close());

const WRONG = Buffer.alloc(64, 1).toString('base64');
const statusOf = async (key: string) => (await send(street, 'get', '/dbs', { key })).status;
const owner = () => street.keys.owner.secret.reveal();

test.each([
  ['revoked', 'UPDATE accesses SET revoked_at = now() WHERE id = $1'],
  ['expired', "UPDATE accesses SET expires_at = now() - interval '1 second' WHERE id = $1"],
])('a key that was %s opens nothing at the next request', async (_how, text) => {
  const { id } = street.keys.owner.access;
  expect([await statusOf(owner()), await statusOf(owner())]).toEqual([200, 200]);
  await street.sql(text, [id]);
  expect(await statusOf(owner())).toBe(401);
});

test('of a key that was rotated the new one opens, and the old one nothing', async () => {
  const { access } = street.keys.owner;
  expect(await statusOf(owner())).toBe(200);
  const renewed = makeMasterKey();
  await street.store.accesses.rotateKey(access.id, street.context.keyRing.seal(renewed, `access/${access.id}/secret`));
  expect([await statusOf(owner()), await statusOf(renewed.reveal())]).toEqual([401, 200]);
  expect([await statusOf(owner()), await statusOf(renewed.reveal())]).toEqual([401, 200]);
});

test('a key that was sealed anew opens as before', async () => {
  const { access, secret } = street.keys.owner;
  expect(await statusOf(owner())).toBe(200);
  await street.store.accesses.rotateKey(access.id, street.context.keyRing.seal(secret, `access/${access.id}/secret`));
  expect(await statusOf(owner())).toBe(200);
});

test('an access of another kind is never a key', async () => {
  const signer = await makeAccessOf(street, 'jwt_signer', { scopes: ['public'] });
  expect(await statusOf(signer.secret.reveal())).toBe(401);
});

test('one of 1,200 keys is found, and one that cannot be opened keeps no other out', async () => {
  const { access } = street.keys.owner;
  const sealed = street.context.keyRing.seal(makeMasterKey(), 'access/another/secret'); // of another row: it cannot be opened
  await street.sql(
    `INSERT INTO accesses (id, team_id, name, person, kind, secret_sealed, scopes)
      SELECT 'acc_' || lpad(to_hex(each), 26, '0'), team_id, name, person, kind, $2, scopes
      FROM accesses, generate_series(1, 1200) each WHERE id = $1`,
    [access.id, sealed],
  );
  const last = await makeAccessOf(street, 'cosmos_key', { scopes: ['public'] });
  expect([await statusOf(last.secret.reveal()), await statusOf(owner())]).toEqual([200, 200]);
  expect(await statusOf(WRONG)).toBe(401);
});

test('wrong signatures are 401 so often, then 429 with when to come again; who was right lately is let in all the time', async () => {
  expect(await statusOf(owner())).toBe(200);
  const statuses: number[] = [];
  for (let times = 0; times < 8; times += 1) {
    statuses.push(await statusOf(WRONG));
    expect(await statusOf(owner())).toBe(200);
  }
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  const refused = await send(street, 'get', '/dbs', { key: WRONG });
  expect([refused.status, refused.body.code]).toEqual([429, 'TooManyRequests']);
  expect(Number(refused.get('x-ms-retry-after-ms'))).toBeGreaterThan(0);
  expect(Number(refused.get('x-ms-retry-after-ms'))).toBeLessThanOrEqual(60_000);
});

test('a flood of wrong signatures searches no more often than an address may be refused', async () => {
  const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
  const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(WRONG)));
  expect(statuses.filter((status) => status === 401)).toHaveLength(5);
  expect(statuses.filter((status) => status === 429)).toHaveLength(35);
  expect(searches).toHaveBeenCalledTimes(5);
});

test('a crowd that comes with one key at once is let in whole, and searched for once', async () => {
  const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
  const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(owner())));
  expect(statuses).toEqual(Array(40).fill(200));
  expect(searches).toHaveBeenCalledTimes(1);
});

test('stale dates and what is no signature cost no search', async () => {
  const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
  await send(street, 'get', '/dbs', { date: 'Tue, 08 Dec 2015 19:33:17 GMT' }).expect(403);
  await send(street, 'get', '/dbs', { headers: { authorization: 'x' } }).expect(401);
  expect(searches).not.toHaveBeenCalled();
});
