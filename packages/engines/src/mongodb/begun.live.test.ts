// What a login began with a role ends with that role, also where it names another database and no session. Tried on a double of
// one's own, for drivers name a session wherever a server offers them.
import { eventually, openMongodbDouble } from '@berth/testing';
import type { MongoClient } from 'mongodb';
import { ensureTenant, newPassword, openGround, type Tenant } from '../conformance/ground';
import { mongodb } from '.';
import { openAdmin } from './admin';
import { type LiveServer, liveServer, openClient } from './live-server';
import { inAdmin, listOperationsOf } from './operations';

let live: LiveServer;
const ground = openGround(mongodb, async () => {
  const double = await openMongodbDouble(true, false);
  live = liveServer(double.url.reveal());
  return { ...live, isThrownAway: true, close: double.close };
});
const clients: MongoClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

async function enter({ login, password }: Tenant): Promise<MongoClient> {
  const client = await openClient({ ...live.admin, username: login.name, password });
  clients.push(client);
  return client;
}

/** Runs in `database` until it is ended, for at most 5 s; resolves with what came of it. */
async function begin(tenant: Tenant, database: string): Promise<{ ended: Promise<unknown> }> {
  const inside = (await enter(tenant)).db(database);
  const ended = inside.command({ find: 'notes', filter: { $where: 'sleep(5000) || true' } }).then(
    () => 'done',
    (error: unknown) => Reflect.get(Object(error), 'code'),
  );
  await eventually(async () => (await busy(tenant)).some(({ isActive }) => isActive), { what: 'the command to run' });
  return { ended };
}

async function busy({ login }: Tenant, limit?: number) {
  const admin = await openAdmin(live.admin, () => 10_000);
  const seen = await listOperationsOf(admin, [inAdmin(login.name)], limit);
  await admin.main.close();
  return seen;
}

test.each([
  ['a grant', ({ database, login }: Tenant) => ground.session().removeGrant(database, login)],
  ['a part of a role', ({ database, login }: Tenant) => ground.session().ensureGrant(database, login, 'readonly')],
  ['a database that is shut', ({ database }: Tenant) => ground.session().removeAccess({ database, logins: [] })],
  ['a database that is dropped', ({ database }: Tenant) => ground.session().removeDatabase(database)],
])('%s takes with it what its login runs in another database without a session', async (_, take) => {
  const tenant = await ground.makeTenant();
  const other = { ...tenant, database: ground.newDatabase(), password: newPassword() };
  await ensureTenant(ground.session(), other);
  const { ended } = await begin(other, other.database.name);
  await take(tenant);
  expect(await ended).toBe(11601);
});

test('what runs is told before connections that do nothing, so that none hides behind them', async () => {
  const tenant = await ground.makeTenant();
  for (let idle = 0; idle < 3; idle++) await (await enter(tenant)).db('admin').command({ ping: 1 });
  const { ended } = await begin(tenant, tenant.database.name);
  expect((await busy(tenant)).length).toBeGreaterThan(3);
  expect(await busy(tenant, 1)).toMatchObject([{ isActive: true }]);
  await ground.session().removeGrant(tenant.database, tenant.login);
  expect(await ended).toBe(11601);
});
