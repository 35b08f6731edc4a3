// The lock on MongoDB: each holder is a user of its own, and the server itself refuses the one whose user was dropped.
import { newId, Secret } from '@berth/core';
import { eventually } from '@berth/testing';
import type { Document } from 'mongodb';
import { refusalOf } from '../conformance/ground';
import type { EngineSession } from '../contract';
import { mongodb } from '.';
import { type Admin, openAdmin, run } from './admin';
import { liveServer, openClient } from './live-server';
import { dropLitter, releaseLocks, takeLock } from './lock';
import { HOLDER_PREFIX, LOCKS, REGISTRY } from './names';

const server = liveServer(process.env.BERTH_TEST_MONGODB_AT ?? '');
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
});

async function open(claim = { leftMs: 20_000 }): Promise<EngineSession> {
  const session = await mongodb.open(server.admin, { leftMs: () => claim.leftMs });
  closing.push(session);
  return session;
}

async function openAsAdmin(): Promise<Admin> {
  const admin = await openAdmin(server.admin, () => 20_000);
  closing.push({ close: () => releaseLocks(admin).then(() => admin.main.close()) });
  return admin;
}

async function holdersOf(key: string): Promise<string[]> {
  const { cursor } = await server.asAdmin(REGISTRY, { find: LOCKS, filter: { _id: key } });
  return cursor.firstBatch[0]?.holders ?? [];
}

const hasUser = async (name: string) => (await server.asAdmin('admin', { usersInfo: name })).users.length > 0;

test('its holder is a user that goes with the session, and so does what was written of it', async () => {
  const key = newId('database');
  const session = await open();
  await session.lock(key);
  const [holder = ''] = await holdersOf(key);
  expect(holder).toMatch(new RegExp(`^${HOLDER_PREFIX}`));
  expect(await hasUser(holder)).toBe(true);
  await session.close();
  expect([await hasUser(holder), await holdersOf(key)]).toEqual([false, []]);
});

test('a session that lost it says so, whatever it is asked', async () => {
  const key = newId('database');
  const [older, newer] = [await open(), await open()];
  await older.lock(key);
  await newer.lock(key);
  const login = { id: newId('credential'), name: 'never' };
  expect(await refusalOf(older.observeServer())).toBe('claim_lost');
  expect(await refusalOf(older.ensureLogin(login, new Secret('x')))).toBe('claim_lost');
  expect(await refusalOf(older.lock(key))).toBe('claim_lost');
  await newer.observeServer();
});

test('what the older holder had begun is ended before the newer one acts', async () => {
  const key = newId('database');
  const [older, newer] = [await openAsAdmin(), await openAsAdmin()];
  await takeLock(older, key);
  const name = older.holder?.name ?? '';
  const begun = run(older, 'admin', { find: 'any', filter: { $where: 'sleep(19000) || true' } }).then(
    () => 'done',
    () => 'ended',
  );
  const isRunning = async () => {
    const pipeline = [
      { $currentOp: { allUsers: true, idleConnections: true } },
      { $match: { 'effectiveUsers.user': name } },
    ];
    const { cursor } = await server.asAdmin('admin', { aggregate: 1, pipeline, cursor: {} });
    return cursor.firstBatch.some(({ active }: Document) => active);
  };
  await eventually(isRunning, { what: "the older holder's command to run" });
  await takeLock(newer, key);
  expect(await isRunning()).toBe(false);
  expect(await begun).toBe('ended');
});

test('a chain of holders that froze half-way is cleared by the last of them', async () => {
  const key = newId('database');
  const [first, last] = [await openAsAdmin(), await openAsAdmin()];
  await takeLock(first, key);
  // as if a second one had written itself down and then stood still, before it dropped the first
  const frozen = `${HOLDER_PREFIX}frozen-${newId('database')}`;
  const roles = [{ role: 'root', db: 'admin' }];
  await server.asAdmin('admin', { createUser: frozen, pwd: 'x', roles, mechanisms: ['SCRAM-SHA-256'] });
  const client = await openClient({ ...server.admin, username: frozen, password: new Secret('x') });
  closing.push(client);
  const updates = [{ q: { _id: key }, u: { $push: { holders: frozen } } }];
  await server.asAdmin(REGISTRY, { update: LOCKS, updates });
  await takeLock(last, key);
  expect(await holdersOf(key)).toEqual([last.holder?.name]);
  expect(await refusalOf(run(first, 'admin', { buildInfo: 1 }).then(() => run(first, 'x', { dropDatabase: 1 })))).toBe(
    'claim_lost',
  );
  await expect(client.db('x').command({ dropDatabase: 1 })).rejects.toMatchObject({ code: 13 });
});

test('a session whose claim ran out leaves it to the next holder', async () => {
  const key = newId('database');
  const claim = { leftMs: 20_000 };
  const late = await open(claim);
  await late.lock(key);
  const [holder = ''] = await holdersOf(key);
  claim.leftMs = 0;
  await late.close();
  expect(await hasUser(holder)).toBe(true);
  await (await open()).lock(key);
  expect(await hasUser(holder)).toBe(false);
});

test('a user of a holder that no list knows is dropped when it is old, and not before', async () => {
  const admin = await openAsAdmin();
  const { localTime } = await run(admin, 'admin', { hello: 1 });
  const make = (name: string, ageMs: number) =>
    server.asAdmin('admin', {
      createUser: name,
      pwd: 'x',
      roles: [],
      mechanisms: ['SCRAM-SHA-256'],
      customData: { berth_holder: new Date(Number(localTime) - ageMs) },
    });
  const [old, young] = [newId('database'), newId('database')].map((id) => `${HOLDER_PREFIX}${id}`);
  await make(old ?? '', 2 * 3_600_000);
  await make(young ?? '', 60_000);
  expect(await dropLitter(admin)).toBeGreaterThan(0);
  expect([await hasUser(old ?? ''), await hasUser(young ?? '')]).toEqual([false, true]);
  await server.asAdmin('admin', { dropUser: young });
});
