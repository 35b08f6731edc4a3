// What keeps PostgreSQL from dropping a database or a role, one thing after the other.
import { connect } from 'node:net';
import { idTail, newId } from '@berth/core';
import { openTestPostgresql } from '@berth/testing';
import { Client } from 'pg';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import { type Listener, listen } from '../conformance/server';
import { postgresql } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { groupNameOf, ORPHANS } from './names';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

let live: LiveServer;

// a server of its own: making a replication slot waits for every transaction of the server, prepared ones of others too
const ground = openGround(postgresql, async () => {
  const server = await openTestPostgresql();
  live = liveServer(server.url().reveal());
  return { ...live, close: server.close };
});

test('a database with prepared transactions is dropped, and they are rolled back', async () => {
  const tenant = await ground.makeTenant();
  const client = await openAsTenant(tenant);
  await client.query('BEGIN; CREATE TABLE pending (a int)');
  await client.query(`PREPARE TRANSACTION 'it''s ${tenant.database.id}'`);
  await client.end();
  expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({
    dropped: true,
    details: { rolled_back: 1 },
  });
  expect(await live.hasDatabase(tenant.database.name)).toBe(false);
});

test('a database that was adopted as a template is none any more: nobody copies it, and it is dropped', async () => {
  const name = ground.foreignName();
  await live.makeForeignDatabase(name);
  await live.asSuperuser(`ALTER DATABASE ${quote(name)} IS_TEMPLATE true`);
  const database = { id: newId('database'), name, connectionsMax: 5 };
  expect(await ground.session().ensureAdopted(database, [])).toMatchObject({
    details: { template_before: true },
  });
  const template = `SELECT datistemplate AS is FROM pg_database WHERE datname = ${quoteLiteral(name)}`;
  expect(await live.asSuperuser(template)).toEqual([{ is: false }]);
  expect(await ground.session().removeDatabase(database)).toMatchObject({ dropped: true });
  expect(await live.hasDatabase(name)).toBe(false);
});

test('a database that was shut first is still dropped with its prepared transactions', async () => {
  const tenant = await ground.makeTenant();
  const client = await openAsTenant(tenant);
  await client.query('BEGIN; CREATE TABLE pending (a int)');
  await client.query(`PREPARE TRANSACTION '${tenant.database.id}'`);
  await client.end();
  await ground.session().removeAccess({ database: tenant.database, logins: [tenant.login] });
  await live.asSuperuser(`ALTER DATABASE ${quote(tenant.database.name)} ALLOW_CONNECTIONS false`);
  expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({
    dropped: true,
    details: { rolled_back: 1 },
  });
});

test('a login with a prepared transaction of its own is dropped', async () => {
  const tenant = await ground.makeTenant();
  const client = await openAsTenant(tenant);
  await client.query('SET ROLE NONE'); // RESET ROLE would go back to the group
  await client.query('BEGIN; CREATE SCHEMA own');
  await client.query(`PREPARE TRANSACTION '${tenant.login.id}'`);
  await client.end();
  expect(await ground.session().removeLogin(tenant.login)).toMatchObject({
    dropped: true,
    details: { rolled_back: 1 },
  });
});

test('a database with an idle replication slot is dropped with it', async () => {
  const { database } = await ground.makeTenant();
  const slot = `slot_${database.id.slice(-8)}`;
  await live.asSuperuser(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`, database.name);
  expect(await ground.session().removeDatabase(database)).toMatchObject({ dropped: true, details: { slots: [slot] } });
  expect(await live.asSuperuser(`SELECT 1 FROM pg_replication_slots WHERE slot_name = '${slot}'`)).toEqual([]);
});

test('a database with a replication slot that is being read is dropped with it', async () => {
  const { database } = await ground.makeTenant();
  const slot = `slot_${database.id.slice(-8)}`;
  await live.asSuperuser(`CREATE PUBLICATION streamed FOR ALL TABLES`, database.name);
  await live.asSuperuser(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`, database.name);
  const reader = await streamFrom(slot, database.name);
  expect(await ground.session().removeDatabase(database)).toMatchObject({ dropped: true, details: { slots: [slot] } });
  await reader.end();
});

test('a database with a subscription is dropped though its publisher cannot be asked', async () => {
  const { database } = await ground.makeTenant();
  await live.asSuperuser(
    `CREATE SUBSCRIPTION "it's ""one""" CONNECTION 'host=nowhere.invalid dbname=x' PUBLICATION p
       WITH (connect = false, slot_name = 'far_away')`,
    database.name,
  );
  expect(await ground.session().removeDatabase(database)).toMatchObject({
    dropped: true,
    details: { subscriptions: [`it's "one"`] },
  });
});

test('a database whose drop was interrupted cannot be made again, and is dropped by the next removal', async () => {
  const { database } = await ground.makeTenant();
  const name = quoteLiteral(database.name);
  await live.asSuperuser(`UPDATE pg_database SET datconnlimit = -2 WHERE datname = ${name}`);
  expect(await ground.session().observeDatabase(database)).toBe('ours');
  await expect(ground.session().ensureDatabase(database)).rejects.toMatchObject({ code: 'engine_refused' });
  await ground.session().removeDatabase(database);
  expect(await live.hasDatabase(database.name)).toBe(false);
  expect(await live.hasLogin(groupNameOf(database))).toBe(false);
});

test('a database made and not yet marked is ours by its owner, and is completed or dropped', async () => {
  for (const end of ['complete', 'drop'] as const) {
    const database = ground.newDatabase();
    await ground.session().ensureDatabase(database);
    await live.asSuperuser(`COMMENT ON DATABASE ${quote(database.name)} IS NULL`);
    await live.asSuperuser(`ALTER DATABASE ${quote(database.name)} OWNER TO ${quote(groupNameOf(database))}`);
    await live.asSuperuser(`ALTER DATABASE ${quote(database.name)} ALLOW_CONNECTIONS false`);
    expect(await ground.session().observeDatabase(database)).toBe('ours');
    if (end === 'complete') await ground.session().ensureDatabase(database);
    else await ground.session().removeDatabase(database);
    expect(await ground.session().observeDatabase(database)).toBe(end === 'complete' ? 'ours' : 'free');
  }
});

test("an unmarked database of somebody else's is foreign, even where our group role waits for that name", async () => {
  const name = ground.foreignName();
  const database = ground.newDatabase(name);
  await ground.session().ensureDatabase(database);
  await live.asSuperuser(`DROP DATABASE ${quote(name)}`); // as if the worker had died before CREATE DATABASE
  await live.makeForeignDatabase(name); // and an operator had taken the name meanwhile
  expect(await ground.session().observeDatabase(database)).toBe('foreign');
  await expect(ground.session().ensureDatabase(database)).rejects.toMatchObject({ code: 'taken_on_server' });
  expect(await ground.session().removeDatabase(database)).toMatchObject({
    dropped: false,
    details: { group_dropped: true },
  });
  expect(await live.hasDatabase(name)).toBe(true);
});

test('a name that cannot be leaves no group role behind', async () => {
  const database = ground.newDatabase('n'.repeat(64));
  await expect(ground.session().ensureDatabase(database)).rejects.toMatchObject({ code: 'engine_refused' });
  expect(await live.hasLogin(groupNameOf(database))).toBe(false);
});

test("a group role's name that is somebody else's is left alone", async () => {
  const database = ground.newDatabase();
  const group = groupNameOf(database);
  await live.asSuperuser(`CREATE ROLE ${quote(group)}`);
  await expect(ground.session().ensureDatabase(database)).rejects.toMatchObject({ code: 'taken_on_server' });
  await ground.session().removeDatabase(database);
  expect([await live.hasDatabase(database.name), await live.hasLogin(group)]).toEqual([false, true]);
  await live.asSuperuser(`DROP ROLE ${quote(group)}`);
});

test('a login that owns things in several databases leaves them to each database', async () => {
  const tenant = await ground.makeTenant();
  const other = ground.newDatabase();
  await ground.session().ensureDatabase(other);
  await ground.session().ensureGrant(other, tenant.login, 'owner');
  for (const database of [tenant.database, other]) {
    const client = await openAsTenant({ ...tenant, database });
    await client.query('SET ROLE NONE'); // RESET ROLE would go back to the group
    await client.query('CREATE TABLE public.own AS SELECT 42 AS answer');
    await client.query('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC');
    await client.end();
  }
  const evidence = await ground.session().removeLogin(tenant.login);
  expect(evidence.details).toMatchObject({ databases: 2 });
  for (const { id } of [tenant.database, other]) expect(JSON.stringify(evidence)).not.toContain(idTail(id));
  for (const database of [tenant.database, other]) {
    expect(await ownersIn(database.name)).toEqual([{ owner: groupNameOf(database), kept: 42 }]);
  }
});

test('what a login owns in a foreign database never becomes a superuser’s, and is kept', async () => {
  const { login, password } = await ground.makeTenant();
  const foreign = ground.foreignName();
  await live.makeForeignDatabase(foreign);
  await live.asSuperuser(`GRANT ALL ON SCHEMA public TO ${quote(login.name)}`, foreign);
  const client = await openAsTenant({
    database: { id: newId('database'), name: foreign, connectionsMax: 1 },
    login,
    password,
  });
  await client.query('CREATE TABLE public.own AS SELECT 42 AS answer');
  await client.query(`CREATE FUNCTION public.trap() RETURNS void SECURITY DEFINER LANGUAGE sql AS 'SELECT'`);
  await client.end();
  await ground.session().removeLogin(login);
  expect(await ownersIn(foreign)).toEqual([{ owner: ORPHANS, kept: 42 }]);
  const [trap] = await live.asSuperuser(
    `SELECT proowner::regrole::text AS owner FROM pg_proc WHERE proname = 'trap'`,
    foreign,
  );
  expect(trap).toEqual({ owner: ORPHANS });
});

test('a login with a grant on a foreign database is dropped, and the grant with it', async () => {
  const { login } = await ground.makeTenant();
  const foreign = ground.foreignName();
  await live.makeForeignDatabase(foreign);
  await live.asSuperuser(`GRANT CONNECT ON DATABASE ${quote(foreign)} TO ${quote(login.name)}`);
  await ground.session().removeLogin(login);
  expect(await live.hasLogin(login.name)).toBe(false);
});

test('memberships that somebody else granted are revoked as well', async () => {
  const { database, login } = await ground.makeTenant();
  const operator = `operator_${database.id.slice(-5)}`;
  const group = quote(groupNameOf(database));
  await live.asSuperuser(`CREATE ROLE ${operator} CREATEROLE`);
  await live.asSuperuser(`GRANT ${group} TO ${operator} WITH ADMIN OPTION`);
  await live.asSuperuser(`SET ROLE ${operator}; GRANT ${group} TO ${quote(login.name)}`);
  const { revoked } = await ground.session().removeAccess({ database, logins: [login] });
  expect(revoked).toEqual([operator, login.name].sort());
  const left = await live.asSuperuser(`SELECT 1 FROM pg_auth_members WHERE roleid = ${quoteLiteral(group)}::regrole`);
  expect(left).toEqual([]);
  await live.asSuperuser(`DROP ROLE ${operator}`);
});

test('whoever keeps a grant of an adopted database that is shut is told, and is kept out', async () => {
  const [name, password] = [ground.foreignName(), newPassword()];
  await live.makeForeignDatabase(name);
  await live.makeForeignLogin(name, password, name);
  const database = { id: newId('database'), name, connectionsMax: 5 };
  const { left_as_they_are } = await ground.session().ensureAdopted(database, []);
  const shut = () => ground.session().removeAccess({ database, logins: [] });
  expect(left_as_they_are).toContain(name);
  expect(await shut()).toMatchObject({ revoked: [], still_let_in: [], details: { kept_out: left_as_they_are } });
  await expect(live.openTenant(name, name, password)).rejects.toMatchObject({ code: '53300' });
  expect(await shut()).toMatchObject({ details: { kept_out: left_as_they_are } });
  await ground.session().ensureDatabase(database);
  await (await live.openTenant(name, name, password)).close();
  await ground.session().removeDatabase(database);
  expect(await shut()).toMatchObject({ shut: false, details: { kept_out: [] } });
});

test('a drop that is kept from its end and tried again tells what it ended at every try', async () => {
  const tenant = await ground.makeTenant();
  for (let sessions = 0; sessions < 3; sessions++) await ground.openTenant(tenant);
  const relay = await relayBeforeDrop(async () => {
    const { database } = tenant;
    await live.asSuperuser(`BEGIN; PREPARE TRANSACTION ${quoteLiteral(database.id)}`, database.name);
  });
  const own = await ground.open({ admin: { host: '127.0.0.1', port: relay.port } });
  const evidence = await own.removeDatabase(tenant.database).finally(relay.close);
  expect(evidence).toMatchObject({ dropped: true, details: { rolled_back: 1, slots: [], subscriptions: [] } });
  expect(evidence.ended).toBeGreaterThanOrEqual(3); // those of the second try are more, if any
});

/** To the server; what an admin says waits for `deed` before its first DROP DATABASE passes. */
async function relayBeforeDrop(deed: () => Promise<void>): Promise<Listener> {
  let isDone = false;
  return listen((near) => {
    const far = connect(live.admin.port, live.admin.host);
    far.on('error', () => near.destroy()).pipe(near);
    near.on('close', () => far.destroy());
    near.on('data', (bytes) => {
      if (isDone || !bytes.includes('DROP DATABASE')) return void far.write(bytes);
      isDone = true;
      void deed().finally(() => far.write(bytes));
    });
  });
}

function openAsTenant({ database, login, password }: Tenant): Promise<Client> {
  const { host, port } = live.admin;
  return openClient({ host, port, database: database.name, username: login.name, password });
}

function ownersIn(database: string) {
  return live.asSuperuser(
    `SELECT relowner::regrole::text AS owner, (SELECT answer FROM public.own) AS kept FROM pg_class WHERE relname = 'own'`,
    database,
  );
}

/** A consumer of a slot, as replication tools are one; it reads until its session is ended. */
async function streamFrom(slot: string, database: string): Promise<Client> {
  const { host, port, username, password } = live.admin;
  const address = `postgresql://${username}:${encodeURIComponent(password.reveal())}@${host}:${port}`;
  const client = new Client({ connectionString: `${address}/${database}?replication=database` });
  client.on('error', () => undefined);
  await client.connect();
  const start = `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names 'streamed')`;
  client.query(start).catch(() => undefined); // answers only when it ends
  for (let active = false; !active; ) {
    const rows = await live.asSuperuser(`SELECT 1 FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`);
    active = rows.length > 0;
  }
  return client;
}
