// A change of roles is done though a tenant holds what it needs, in a transaction that never ends; so is the shutting of
// the server's own databases. blockers.live.test.ts has what is held against locks, resets and drops.
import type { Role } from '@berth/core';
import { eventually, openTestPostgresql } from '@berth/testing';
import type { Client } from 'pg';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import type { EngineSession } from '../contract';
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
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined))); // ended by Berth, some
});

/** A database with a table and three logins; only `second` has its role changed. */
interface Party {
  owner: Tenant;
  second: Tenant;
  reader: Tenant;
}

async function makeParty(): Promise<Party> {
  const owner = await ground.makeTenant();
  const inside = await ground.openTenant(owner);
  await inside.write('there');
  await inside.close();
  return { owner, second: await makeLogin(owner, 'owner'), reader: await makeLogin(owner, 'readonly') };
}

async function makeLogin({ database }: Tenant, role: Role): Promise<Tenant> {
  const other = { database, login: ground.newLogin(), password: newPassword() };
  await ground.session().ensureLogin(other.login, other.password);
  await ground.session().ensureGrant(database, other.login, role);
  return other;
}

/** Leaves a transaction open, as the login itself where that is who may. */
async function hold({ database, login, password }: Tenant, sql: string, isItself = false): Promise<void> {
  const { host, port } = live.admin;
  const client = await openClient({ host, port, database: database.name, username: login.name, password });
  clients.push(client);
  if (isItself) await client.query('SET ROLE NONE');
  await client.query('BEGIN');
  await client.query(sql);
}

const change = (role: Role) => (session: EngineSession, login: Tenant) =>
  session.ensureGrant(login.database, login.login, role);
const onDatabase = ({ database }: Tenant) => `GRANT CONNECT ON DATABASE ${quote(database.name)} TO PUBLIC`;

test.each(['owner', 'reader'] as const)(
  'a grant on the database, left open by its %s, does not keep another login from becoming a reader',
  async (who) => {
    const party = await makeParty();
    await hold(party[who], onDatabase(party.owner));
    await change('readonly')(await hurried(), party.second);
  },
);

test('a setting of its own that a login left open does not keep it from being made an owner again', async () => {
  const { second } = await makeParty();
  const sql = `ALTER ROLE ${quote(second.login.name)} IN DATABASE ${quote(second.database.name)} SET work_mem = '4MB'`;
  await hold(second, sql, true);
  await change('owner')(await hurried(), second);
});

test.each([
  ['a table that it is changing', 'ALTER TABLE notes ADD COLUMN more int'],
  ['a table that it locked', 'LOCK TABLE notes'],
  ['a grant on a schema', 'GRANT USAGE ON SCHEMA public TO PUBLIC'],
  ['default privileges', 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC'],
  ["a grant on the server's own functions", 'GRANT EXECUTE ON FUNCTION lo_creat(int) TO PUBLIC'],
  ['all that it owns, to be dropped', 'DROP OWNED BY CURRENT_USER'],
])('%s, left open by an owner, does not keep the first writer from being made', async (_, sql) => {
  const { owner, second } = await makeParty();
  await hold(owner, sql);
  await change('readwrite')(await hurried(), second);
  await ground.session().proveEntry(second.database, second.login, second.password, 'readwrite');
});

test('what an owner does inside for a second is waited for, not ended', async () => {
  const { owner, second } = await makeParty();
  await hold(owner, 'ALTER TABLE notes ADD COLUMN more int');
  const making = change('readwrite')(await hurried(), second);
  await eventually(async () => (await live.asSuperuser(WAITING)).length > 0, { what: 'Berth to wait' });
  await clients[0]?.query('COMMIT');
  expect(await making).toMatchObject({ role: 'readwrite' });
  expect((await clients[0]?.query('SELECT more FROM notes'))?.rows).toEqual([{ more: null }]);
});

const WAITING = `SELECT FROM pg_stat_activity WHERE application_name = 'berth' AND wait_event_type = 'Lock'`;

test('a grant on a system database that a tenant left open does not keep it from being shut', async () => {
  const { owner } = await makeParty();
  await live.asSuperuser('GRANT CONNECT ON DATABASE postgres TO PUBLIC');
  await hold(owner, 'GRANT CONNECT ON DATABASE postgres TO PUBLIC');
  expect(await (await hurried()).ensureServerPrepared()).toMatchObject({ shut: ['postgres'] });
});

/** A session whose statements may not take long. */
const hurried = () => ground.open({ leftMs: () => 6_000 });
