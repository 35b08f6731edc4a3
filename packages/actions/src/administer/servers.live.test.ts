// Servers that are taken out of use, given another admin login, and taken out: what is done on them meanwhile, and after.
import { Secret } from '@berth/core';
import { testServers } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { databaseDelete, serverPreflight } from '../kinds';
import { request } from '../request';
import { cancelAction } from '../steer';
import { createPool } from './pools';
import { deleteServer, updateServer } from './servers';

let journey: Journey;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const turn = (state: 'active' | 'draining' | 'offline') =>
  updateServer(journey.context, journey.access, journey.serverId, { state });
const server = () => journey.context.store.servers.find(journey.serverId);

async function newDatabase(name: string): Promise<string> {
  const action = await journey.requestDatabase(name);
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  return action.database_id ?? '';
}

const requestDelete = (databaseId: string) => request(journey.context, databaseDelete, { databaseId }, journey.access);

/** Runs a postponed action as if its time had come. */
async function changeAdmin(url: string) {
  const change = { serverId: journey.serverId, adminUrl: new Secret(url) };
  const action = await request(journey.context, serverPreflight, { change }, journey.access);
  return journey.runHere(action.id);
}

test('a draining server takes no new database, and goes on with those it has', async () => {
  const id = await newDatabase('drained');
  expect(await turn('draining')).toMatchObject({ state: 'draining' });
  await expect(journey.requestDatabase('too_late')).rejects.toMatchObject({ code: 'no_room' });
  const { id: deleting } = await requestDelete(id);
  expect(await journey.runHere(deleting)).toMatchObject({ state: 'succeeded' });
  await turn('active');
});

test('no session is opened to an offline server: its actions wait as long as it takes, then go on', async () => {
  const id = await newDatabase('waiting');
  await turn('offline');
  await expect(journey.requestDatabase('too_late')).rejects.toMatchObject({ code: 'no_room' });
  const { id: deleting } = await requestDelete(id);
  expect(await journey.runHere(deleting)).toMatchObject({ state: 'queued', claim: 0, failures: 0, not_before: null });
  expect(await cancelAction(journey.context, deleting, journey.access)).toMatchObject({ state: 'cancelled' });
  const { id: second } = await requestDelete(id);
  await withClient(journey.storeUrl, (client) =>
    client.query(`UPDATE actions SET created_at = now() - interval '3 days' WHERE id = $1`, [second]),
  );
  expect(await journey.runHere(second)).toMatchObject({ state: 'queued', claim: 0 });
  await turn('active');
  expect(await journey.runHere(second)).toMatchObject({ state: 'succeeded' });
});

test('an admin login that does not work keeps everything waiting, and the next that works lets it go on', async () => {
  const id = await newDatabase('patient');
  const wrong = new URL(testServers().postgresqlUrl);
  wrong.password = 'not-the-one';
  const refused = await changeAdmin(wrong.href);
  expect(refused).toMatchObject({ state: 'failed', error_code: 'admin_refused' });
  expect(await server()).toMatchObject({ state: 'unchecked', checked_at: null });
  await expect(turn('active')).rejects.toMatchObject({ code: 'contradicts' });
  const { id: deleting } = await requestDelete(id);
  expect(await journey.runHere(deleting)).toMatchObject({ state: 'queued', claim: 0 });
  expect(await changeAdmin(testServers().postgresqlUrl)).toMatchObject({ state: 'succeeded' });
  expect(await server()).toMatchObject({ state: 'active' });
  expect(await journey.runHere(deleting)).toMatchObject({ state: 'succeeded' });
});

test('a new address that leads to another server is refused while databases are on the one that was meant', async () => {
  const id = await newDatabase('anchored');
  await turn('draining');
  const elsewhere = await changeAdmin(journey.storeUrl);
  expect(elsewhere).toMatchObject({ state: 'failed', error_code: 'server_unfit' });
  expect(elsewhere.error_message).toContain('another server than the one that holds the databases of tenants');
  expect(await server()).toMatchObject({ state: 'draining', checked_at: null });
  expect(await changeAdmin(testServers().postgresqlUrl)).toMatchObject({ state: 'succeeded' });
  expect(await server()).toMatchObject({ state: 'draining' }); // as the operator left it
  await turn('active');
  const { id: deleting } = await requestDelete(id);
  await journey.runHere(deleting);
});

test('a preflight that nobody has begun gives way to a new admin login', async () => {
  const first = await request(journey.context, serverPreflight, { serverId: journey.serverId }, journey.access);
  expect(await changeAdmin(testServers().postgresqlUrl)).toMatchObject({ state: 'succeeded' });
  expect(await journey.context.store.actions.find(first.id)).toMatchObject({ state: 'cancelled' });
});

test('a server moves among pools of its engine and, while it has databases, of its environment', async () => {
  const { context, access, serverId } = journey;
  const id = await newDatabase('settled');
  const production = { pool: 'postgresql-production' };
  const refused = updateServer(context, access, serverId, production);
  await expect(refused).rejects.toMatchObject({
    code: 'in_use',
    message: expect.stringContaining('1 database, 1 login'),
  });
  await createPool(context, access, { name: 'beside', engine: 'postgresql', environment: 'development' });
  expect(await updateServer(context, access, serverId, { pool: 'beside' })).toMatchObject({ pool: { name: 'beside' } });
  await withClient(journey.storeUrl, (client) =>
    client.query(`INSERT INTO pools (id, name, engine, environment_id)
      SELECT 'pool_mysql', 'maria', 'mysql', environment_id FROM pools WHERE name = 'beside'`),
  );
  const engine = updateServer(context, access, serverId, { pool: 'maria' });
  await expect(engine).rejects.toMatchObject({ code: 'disagree', fields: [{ field: 'pool' }] });
  const { id: deleting } = await requestDelete(id);
  await journey.runHere(deleting);
  expect(await updateServer(context, access, serverId, production)).toMatchObject({
    pool: { environment: { name: 'production' } },
  });
  await updateServer(context, access, serverId, { pool: 'postgresql-development' });
});

test('a server is taken out when nothing is on it, and its admin login is forgotten', async () => {
  const { context, access, serverId } = journey;
  const id = await newDatabase('last');
  await expect(deleteServer(context, access, serverId)).rejects.toMatchObject({
    code: 'in_use',
    message: expect.stringContaining('The server tenants is in use: 1 database, 1 login.'),
  });
  const { id: deleting } = await requestDelete(id);
  await journey.runHere(deleting);
  const running = await request(context, serverPreflight, { serverId }, access);
  const claimed = await context.store.actions.claim(running.id, 'a worker');
  await expect(deleteServer(context, access, serverId)).rejects.toMatchObject({
    code: 'contradicts',
    actionId: running.id,
  });
  if (claimed !== null) await context.store.actions.release(claimed);
  await deleteServer(context, access, serverId);
  expect(await server()).toBeNull();
  expect(await context.store.actions.find(running.id)).toMatchObject({ state: 'cancelled' });
  const rows = await withClient(journey.storeUrl, (client) =>
    client.query('SELECT admin_sealed, (SELECT type FROM events ORDER BY number DESC LIMIT 1) AS told FROM servers'),
  );
  expect(rows.rows).toEqual([{ admin_sealed: '', told: 'server.removed' }]);
  await expect(journey.requestDatabase('nowhere')).rejects.toMatchObject({ code: 'no_room' });
  const adminUrl = new Secret(testServers().postgresqlUrl); // name, address and identity are free again
  const again = { name: 'tenants', engine: 'postgresql', pool: 'postgresql-development', adminUrl, sizeBytesMax: null };
  const action = await request(context, serverPreflight, { register: again }, access);
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
});
