// Whoever holds what a statement of ours needs is out of its way: from any database, by any login, again and again. A
// tenant needs no right on a thing to hold it.
import { eventually, openTestPostgresql } from '@berth/testing';
import type { Client } from 'pg';
import { openGround, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { quoteIdentifier as quote } from './quote';

let live: LiveServer;
const clients: Client[] = [];

const ground = openGround(postgresql, async () => {
  const server = await openTestPostgresql();
  live = liveServer(server.url().reveal());
  return { ...live, close: server.close };
});
afterEach(endClients);

async function endClients(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined))); // ended by Berth, some
}

async function enter({ database, login, password }: Tenant, into = database.name): Promise<Client> {
  const { host, port } = live.admin;
  const client = await openClient({ host, port, database: into, username: login.name, password });
  clients.push(client);
  return client;
}

/** Leaves a transaction open in the tenant's own database. */
async function hold(tenant: Tenant, sql: string): Promise<Client> {
  const client = await enter(tenant);
  await client.query(`SET ROLE NONE; BEGIN; ${sql}`);
  return client;
}

test('nine clients of a login that hold its own row and come back whenever they are ended do not keep it open', async () => {
  const tenant = await ground.makeTenant();
  let isOn = true;
  const loops = Array.from({ length: 9 }, async () => {
    while (isOn) {
      const client = await enter(tenant).catch(() => null); // shut out by now
      if (client === null) return;
      let isIn = true;
      client.on('end', () => {
        isIn = false;
      });
      await client.query(`SET ROLE NONE; BEGIN; ALTER ROLE ${quote(tenant.login.name)} PASSWORD 'x'`).catch(() => {
        // ended while it waited; the loop comes back
      });
      while (isOn && isIn) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  const holding = `SELECT FROM pg_stat_activity
    WHERE usename = '${tenant.login.name}' AND state = 'idle in transaction' AND query LIKE '%PASSWORD%'`;
  await eventually(async () => (await live.asSuperuser(holding)).length > 0, { what: 'one to hold it' });
  const { locked } = await ground.session().removeAccess({ database: tenant.database, logins: [tenant.login] });
  isOn = false;
  await endClients(); // one may hold what another waits for
  await Promise.all(loops);
  expect(locked).toEqual([tenant.login.name]);
  expect(await ground.session().proveRefused(tenant.database, tenant.login, tenant.password)).toMatchObject({
    refused: true,
  });
});

test('a grant on the database that a shared login left open elsewhere does not keep it from being shut, or opened', async () => {
  const [one, other] = [await ground.makeTenant(), await ground.makeTenant()];
  await ground.session().ensureGrant(other.database, one.login, 'readonly');
  const elsewhere = await enter(one, other.database.name);
  await elsewhere.query(`SET ROLE NONE; BEGIN; GRANT CONNECT ON DATABASE ${quote(one.database.name)} TO PUBLIC`);
  expect(await ground.session().removeAccess({ database: one.database, logins: [] })).toMatchObject({ shut: true });
  await ground.session().ensureDatabase({ ...one.database, connectionsMax: 5 });
});

test("a setting that an unrelated login left open for somebody else's database does not keep it from being dropped", async () => {
  const [victim, stranger] = [await ground.makeTenant(), await ground.makeTenant()];
  await hold(stranger, `ALTER ROLE CURRENT_USER IN DATABASE ${quote(victim.database.name)} SET work_mem = '4MB'`);
  expect(await ground.session().removeDatabase(victim.database)).toMatchObject({ dropped: true });
});

test('a client that does not read what it asked for does not keep any database from being dropped', async () => {
  const [victim, stranger] = [await ground.makeTenant(), await ground.makeTenant()];
  const client = await enter(stranger);
  const stream: unknown = Reflect.get(Reflect.get(client, 'connection'), 'stream');
  if (typeof stream !== 'object' || stream === null) throw new Error('the driver has no stream');
  void client.query("SELECT repeat('x', 1000000) FROM generate_series(1, 200)").catch(() => undefined);
  Reflect.get(stream, 'pause').call(stream);
  expect(await ground.session().removeDatabase(victim.database)).toMatchObject({ dropped: true });
  Reflect.get(stream, 'destroy').call(stream);
});

test.each(['left open', 'prepared'])(
  'a grant to a login that a stranger has %s does not keep it from being dropped',
  async (how) => {
    const [victim, stranger] = [await ground.makeTenant(), await ground.makeTenant()];
    const client = await enter(stranger);
    await client.query('CREATE TABLE own (a int); BEGIN');
    await client.query(`GRANT SELECT ON own TO ${quote(victim.login.name)}`);
    if (how === 'prepared') await client.query(`PREPARE TRANSACTION '${victim.login.id}'`);
    expect(await ground.session().removeLogin(victim.login)).toMatchObject({ dropped: true });
  },
);

test("an operator's own session is waited for, not ended", async () => {
  const tenant = await ground.makeTenant();
  const { host, port, username, password } = live.admin;
  const operator = await openClient({ host, port, database: 'postgres', username, password });
  clients.push(operator);
  await operator.query(`BEGIN; ALTER ROLE ${quote(tenant.login.name)} CONNECTION LIMIT 7`);
  const locking = ground.session().removeAccess({ logins: [tenant.login] });
  const watcher = `SELECT FROM pg_stat_activity WHERE application_name = 'berth' AND query LIKE '%prepared.gid%'`;
  await eventually(async () => (await live.asSuperuser(watcher)).length > 0, { what: 'the watcher to have looked' });
  expect((await operator.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await operator.query('ROLLBACK');
  expect(await locking).toMatchObject({ locked: [tenant.login.name] });
});

test('a login with no connection left is proven shut by the catalogue, and the evidence says so', async () => {
  const [one, other] = [await ground.makeTenant(), await ground.makeTenant()];
  await ground.session().ensureGrant(other.database, one.login, 'readonly');
  await enter(one, other.database.name);
  await live.asSuperuser(`ALTER ROLE ${quote(one.login.name)} CONNECTION LIMIT 1`);
  const prove = () => ground.session().proveRefused(one.database, one.login, one.password);
  await expect(prove()).rejects.toMatchObject({ code: 'server_busy' });
  await ground.session().removeAccess({ database: one.database, logins: [] });
  expect(await prove()).toEqual({ refused: true, reason: 'privilege', code: null, tried: false });
});
