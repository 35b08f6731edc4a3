// Whose key it is: a key opens nothing from the request after it was revoked, rotated or has expired; many are searched through in
// pages; and who guesses is stopped, while those who were right lately are let in.
import type { Secret } from '@berth/core';
import { makeMasterKey } from '@berth/secrets';
import { appBeside, makeAccessOf } from '../../api.fixture';
import { openRateLimits, type RateLimitOptions } from '../../http/rate-limits';
import { openKeys } from './keys';
import { openStreet, type Street, send } from './street.fixture';

let street: Street;

const WRONG = Buffer.alloc(64, 1).toString('base64');
const statusOf = async (key: string) => (await send(street, 'get', '/dbs', { key })).status;
const owner = () => street.keys.owner.secret.reveal();
const sealed = (key: Secret, id: string) => street.context.keyRing.seal(key, `access/${id}/secret`);

describe('a key', () => {
  beforeAll(async () => {
    street = await openStreet();
  });
  afterAll(() => street?.close());

  const makeKey = () => makeAccessOf(street, 'cosmos_key', { scopes: ['public'] });

  test.each([
    ['revoked', 'UPDATE accesses SET revoked_at = now() WHERE id = $1'],
    ['expired', "UPDATE accesses SET expires_at = now() - interval '1 second' WHERE id = $1"],
  ])('that was %s opens nothing at the next request', async (_how, text) => {
    const { access, secret } = await makeKey();
    expect([await statusOf(secret.reveal()), await statusOf(secret.reveal())]).toEqual([200, 200]);
    await street.sql(text, [access.id]);
    expect(await statusOf(secret.reveal())).toBe(401);
  });

  test('that was rotated opens by the new one, and the old one opens nothing', async () => {
    const { access, secret } = await makeKey();
    expect(await statusOf(secret.reveal())).toBe(200);
    const renewed = makeMasterKey();
    await street.store.accesses.rotateKey(access.id, sealed(renewed, access.id));
    for (let times = 0; times < 2; times += 1)
      expect([await statusOf(secret.reveal()), await statusOf(renewed.reveal())]).toEqual([401, 200]);
  });

  test('that was sealed anew opens as before', async () => {
    const { access, secret } = await makeKey();
    expect(await statusOf(secret.reveal())).toBe(200);
    await street.store.accesses.rotateKey(access.id, sealed(secret, access.id));
    expect([await statusOf(secret.reveal()), await statusOf(secret.reveal())]).toEqual([200, 200]);
  });

  test('is never what opens an access of another kind', async () => {
    const signer = await makeAccessOf(street, 'jwt_signer', { scopes: ['public'] });
    expect(await statusOf(signer.secret.reveal())).toBe(401);
  });

  test('is found among 1,200, and one that cannot be opened keeps no other out', async () => {
    const ofAnotherRow = sealed(makeMasterKey(), 'another');
    await street.sql(
      `INSERT INTO accesses (id, team_id, name, person, kind, secret_sealed, scopes)
        SELECT 'acc_' || lpad(to_hex(each), 26, '0'), team_id, name, person, kind, $2, scopes
        FROM accesses, generate_series(1, 1200) each WHERE id = $1`,
      [street.keys.owner.access.id, ofAnotherRow],
    );
    const last = await makeKey();
    expect([await statusOf(last.secret.reveal()), await statusOf(owner())]).toEqual([200, 200]);
    expect(await statusOf(WRONG)).toBe(401);
  });
});

/** In front of the same store: a process that remembers no key and no guess. */
function startAnew(limits: Partial<RateLimitOptions>): void {
  const change = { limits: openRateLimits({ refusalsPerMinute: 0, requestsPerMinute: 0, ...limits }) };
  street = { ...street, app: appBeside(street, change) };
}

describe('who guesses', () => {
  beforeAll(async () => {
    street = await openStreet();
  });
  beforeEach(() => startAnew({ refusalsPerMinute: 5 }));
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => street?.close());

  test('is 401 so often, then 429 with when to come again; who was right lately is let in all the time', async () => {
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

  test('has all keys searched through no more often than an address may be refused, however many come at once', async () => {
    const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
    const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(WRONG)));
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
    expect(searches).toHaveBeenCalledTimes(5);
  });

  test('is no crowd that comes with one key at once: it is let in whole, and searched for once', async () => {
    const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
    const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(owner())));
    expect(statuses).toEqual(Array(40).fill(200));
    expect(searches).toHaveBeenCalledTimes(1);
  });

  test('and was told to stop has none of the keys tried that others use, so that a flood costs next to nothing', async () => {
    const keys = openKeys({
      ...street.context,
      limits: openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 1 }),
    });
    const isOwner = (key: Secret) => key.reveal() === owner();
    expect((await keys.find(isOwner, '192.0.2.1'))?.id).toBe(street.keys.owner.access.id);
    const isWrong = jest.fn(() => false);
    expect(await keys.find(isWrong, '192.0.2.2')).toBeNull();
    isWrong.mockClear();
    await expect(keys.find(isWrong, '192.0.2.2')).rejects.toMatchObject({ code: 'too_many_requests' });
    expect(isWrong).not.toHaveBeenCalled();
    expect((await keys.find(isOwner, '192.0.2.1'))?.id).toBe(street.keys.owner.access.id);
    await expect(keys.find(isOwner, '192.0.2.2')).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  test('with a stale date, or with what is no signature, has nothing searched through', async () => {
    const searches = jest.spyOn(street.context.store.accesses, 'listKeys');
    await send(street, 'get', '/dbs', { date: 'Tue, 08 Dec 2015 19:33:17 GMT' }).expect(403);
    await send(street, 'get', '/dbs', { headers: { authorization: 'x' } }).expect(401);
    expect(searches).not.toHaveBeenCalled();
  });

  test('or asks too often with a right key is 429 too, with when to come again in milliseconds', async () => {
    startAnew({ requestsPerMinute: 2 });
    expect([await statusOf(owner()), await statusOf(owner())]).toEqual([200, 200]);
    const refused = await send(street, 'get', '/dbs');
    expect([refused.status, refused.body.code]).toEqual([429, 'TooManyRequests']);
    expect(Number(refused.get('x-ms-retry-after-ms'))).toBeGreaterThan(0);
  });
});
