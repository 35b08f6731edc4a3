// What is said of a server that Berth cannot work on, and of an admin that is no root. On a double of this file's own, for its
// server must be of every kind.
import { Secret } from '@berth/core';
import { openMongodbDouble, type TestMongodb } from '@berth/testing';
import { refusalOf } from '../conformance/ground';
import { mongodb } from '.';
import { liveServer } from './live-server';

const ADMIN_ROLES = [
  'userAdminAnyDatabase',
  'readWriteAnyDatabase',
  'dbAdminAnyDatabase',
  'clusterMonitor',
  'hostManager',
];
const password = new Secret('of-the-lesser-admin');
let double: TestMongodb;

beforeAll(async () => {
  double = await openMongodbDouble();
});
afterAll(() => double?.close());

async function openAs(roles: string[]) {
  const server = liveServer(double.url.reveal());
  const username = `admin_${ADMIN_ROLES.filter((role) => !roles.includes(role)).join()}`;
  await server.asAdmin('admin', {
    createUser: username,
    pwd: password.reveal(),
    roles: roles.map((role) => ({ role, db: 'admin' })),
    mechanisms: ['SCRAM-SHA-256'],
  });
  return mongodb.open({ ...server.admin, username, password }, { leftMs: () => 20_000 });
}

test('an admin with the five roles that are named in docs/engines.md lacks nothing, prepares the server and holds a lock', async () => {
  const session = await openAs(ADMIN_ROLES);
  expect(await session.observeServer()).toMatchObject({ lacks: [], cannot: [], connectionsMax: expect.any(Number) });
  await session.ensureServerPrepared();
  await session.lock('anything');
  await session.observeServer();
  await session.close();
});

test.each(ADMIN_ROLES)('without %s an admin is unfit, and is told which role it lacks', async (missing) => {
  const session = await openAs(ADMIN_ROLES.filter((role) => role !== missing));
  const { lacks } = await session.observeServer().finally(() => session.close());
  expect(lacks).toEqual([expect.stringContaining(`(the role ${missing} in admin)`)]);
});

test('a server that asks nobody for a login is unfit, and is not prepared', async () => {
  const open = await openMongodbDouble(false);
  const session = await mongodb.open(liveServer(open.url.reveal()).admin, { leftMs: () => 20_000 });
  expect((await session.observeServer()).lacks).toEqual([expect.stringContaining('asks nobody for a login')]);
  expect(await refusalOf(session.ensureServerPrepared())).toBe('server_unfit');
  await session.close();
  await open.close();
});

test("somebody else's databases of the names that Berth needs are left as they are", async () => {
  for (const name of ['berth', 'berth_canary']) {
    const other = await openMongodbDouble();
    const server = liveServer(other.url.reveal());
    await server.makeForeignDatabase(name);
    const session = await mongodb.open(server.admin, { leftMs: () => 20_000 });
    expect([name, await refusalOf(session.ensureServerPrepared())]).toEqual([name, 'taken_on_server']);
    await session.close();
    await other.close();
  }
});

test('two servers have two identities, and one keeps its own', async () => {
  const other = await openMongodbDouble();
  const identities: string[] = [];
  for (const { url } of [double, other, double]) {
    const session = await mongodb.open(liveServer(url.reveal()).admin, { leftMs: () => 20_000 });
    identities.push((await session.observeServer()).identity);
    await session.close();
  }
  expect(identities[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect([identities[0] === identities[2], identities[0] === identities[1]]).toEqual([true, false]);
  await other.close();
});
