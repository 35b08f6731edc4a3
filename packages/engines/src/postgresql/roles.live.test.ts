// What a writer or a reader of PostgreSQL tries to become more, and what its owners may do meanwhile.
import { idTail, newId } from '@berth/core';
import type { Client } from 'pg';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { liveServer, openClient } from './live-server';
import { groupNameOf } from './names';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const ground = openGround(postgresql, async () => live);

type Lesser = 'readwrite' | 'readonly';

async function makeOther({ database }: Tenant, role: Lesser): Promise<Tenant> {
  const other = { database, login: ground.newLogin(), password: newPassword() };
  await ground.session().ensureLogin(other.login, other.password);
  await ground.session().ensureGrant(database, other.login, role);
  return other;
}

test.each(['readwrite', 'readonly'] as const)('a %s login cannot become more', async (role) => {
  const owner = await ground.makeTenant();
  await asTenant(owner, (client) => client.query('CREATE TABLE public.notes (a serial)'));
  const lesser = await makeOther(owner, role);
  const [name, group] = [quote(lesser.login.name), quote(groupNameOf(owner.database))];
  const own = quote(groupNameOf(owner.database, role));
  const database = quote(owner.database.name);
  await asTenant(lesser, async (client) => {
    for (const sql of [
      `SET ROLE ${group}`,
      `SET SESSION AUTHORIZATION ${quote(owner.login.name)}`,
      `GRANT ${group} TO ${name}`,
      `GRANT ${own} TO ${quote(owner.login.name)}`,
      `ALTER ROLE ${name} CONNECTION LIMIT -1`,
      `ALTER ROLE ${name} CREATEROLE`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${group} GRANT ALL ON TABLES TO ${name}`,
      'CREATE TABLE public.own (a int)',
      'CREATE TEMPORARY TABLE own (a int)',
      'CREATE SCHEMA own',
      'CREATE VIEW public.own AS SELECT 1',
      `CREATE FUNCTION public.own() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      'CREATE TYPE public.own AS (a int)',
      'CREATE EXTENSION pgcrypto',
      'CREATE RULE own AS ON INSERT TO public.notes DO INSTEAD NOTHING',
      'CREATE TRIGGER own BEFORE INSERT ON public.notes EXECUTE FUNCTION suppress_redundant_updates_trigger()',
      'CREATE INDEX ON public.notes (a)',
      'ALTER TABLE public.notes ADD b int',
      'TRUNCATE public.notes',
      'DROP TABLE public.notes',
      'DROP SCHEMA public CASCADE',
      `ALTER DATABASE ${database} CONNECTION LIMIT -1`,
      `DROP DATABASE ${database}`,
      ...(role === 'readwrite' ? [] : WRITES),
    ]) {
      expect([sql, await sqlstateOf(client, sql)]).toEqual([sql, expect.stringMatching(/^(42501|55006)$/)]);
    }
    // without grant option these are warnings: only the privileges tell
    await client.query(`GRANT ALL ON DATABASE ${database} TO ${name}`);
    const sql = `SELECT has_database_privilege(${quoteLiteral(owner.database.name)}, 'CREATE, TEMPORARY') AS more`;
    expect((await client.query(sql)).rows).toEqual([{ more: false }]);
  });
  await ground.session().proveIsolation(lesser.login, lesser.password);
});

const WRITES = [
  'INSERT INTO public.notes DEFAULT VALUES',
  'UPDATE public.notes SET a = 1',
  'DELETE FROM public.notes',
  'SELECT * FROM public.notes FOR UPDATE',
  `COPY public.notes FROM STDIN`,
  `SELECT nextval('public.notes_a_seq')`,
  `SELECT setval('public.notes_a_seq', 9)`,
  'SELECT lo_create(0)',
  'SELECT lo_creat(-1)',
  `SELECT lo_from_bytea(0, 'full')`,
];

test('a writer uses sequences and large objects, a reader reads sequences, and an owner keeps what it had', async () => {
  const owner = await ground.makeTenant();
  await asTenant(owner, (client) => client.query('CREATE TABLE public.notes (a serial)'));
  const [writer, reader] = [await makeOther(owner, 'readwrite'), await makeOther(owner, 'readonly')];
  await asTenant(writer, async (client) => {
    await client.query(`INSERT INTO public.notes DEFAULT VALUES; SELECT setval('public.notes_a_seq', 9)`);
    await client.query('SELECT lo_create(0)');
  });
  await asTenant(reader, async (client) => {
    expect((await client.query('SELECT last_value::int AS last FROM public.notes_a_seq')).rows).toEqual([{ last: 9 }]);
  });
  await asTenant(owner, (client) => client.query('SELECT lo_create(0)'));
});

test('schemas and tables made later are for writers and readers, by whichever owner and acting as whomever', async () => {
  const owner = await ground.makeTenant();
  await asTenant(owner, async (client) => {
    await client.query('CREATE SCHEMA "Old ""one"""; CREATE TABLE "Old ""one"""."T" (a int)');
    await client.query('SET ROLE NONE; CREATE TABLE public.mine (a int)');
  });
  const reader = await makeOther(owner, 'readonly');
  const second = { ...owner, login: ground.newLogin(), password: newPassword() };
  await ground.session().ensureLogin(second.login, second.password);
  await ground.session().ensureGrant(owner.database, second.login, 'owner');
  const tables = ['"Old ""one"""."T"', 'public.mine'];
  for (const [at, tenant] of [owner, second].entries()) {
    await asTenant(tenant, async (client) => {
      for (const acting of ['group', 'self']) {
        const schema = `${acting}_${at}`;
        if (acting === 'self') await client.query('SET ROLE NONE'); // as DISCARD ALL of a pooler does
        await client.query(
          `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.t (a int); CREATE VIEW ${schema}.v AS SELECT 1`,
        );
        tables.push(`${schema}.t`, `${schema}.v`);
      }
    });
  }
  await asTenant(reader, async (client) => {
    for (const table of tables) expect([table, await sqlstateOf(client, `TABLE ${table}`)]).toEqual([table, 'done']);
    for (const table of tables) expect(await sqlstateOf(client, `DELETE FROM ${table}`)).not.toBe('done');
  });
  const writer = await makeOther(owner, 'readwrite');
  await asTenant(writer, async (client) => {
    for (const table of tables.filter((name) => !name.endsWith('.v')))
      expect([table, await sqlstateOf(client, `DELETE FROM ${table}`)]).toEqual([table, 'done']);
  });
});

test('what an owner hides from readers stays hidden when there is one more', async () => {
  const owner = await ground.makeTenant();
  await makeOther(owner, 'readonly');
  await asTenant(owner, (client) =>
    client.query(
      `CREATE TABLE salaries (a int); REVOKE ALL ON salaries FROM ${quote(groupNameOf(owner.database, 'readonly'))}`,
    ),
  );
  const reader = await makeOther(owner, 'readonly');
  await asTenant(reader, async (client) => expect(await sqlstateOf(client, 'TABLE salaries')).toBe('42501'));
  await ground.session().proveLogin(owner.database, reader.login, reader.password, 'readonly');
});

test('an owner that prepared its fall keeps nothing: own tables, grants to itself, default privileges, settings', async () => {
  const owner = await ground.makeTenant();
  const name = quote(owner.login.name);
  await asTenant(owner, async (client) => {
    await client.query(
      `CREATE TABLE notes (a int); GRANT ALL ON notes TO ${name}; GRANT ALL ON SCHEMA public TO ${name}`,
    );
    await client.query(`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${name}`);
    await client.query('SET ROLE NONE; CREATE TABLE mine (a int); CREATE SCHEMA mine');
    await client.query(
      `CREATE FUNCTION back() RETURNS void SECURITY DEFINER LANGUAGE sql AS 'DELETE FROM public.mine'`,
    );
  });
  await ground.session().ensureGrant(owner.database, owner.login, 'readonly');
  await ground.session().proveLogin(owner.database, owner.login, owner.password, 'readonly');
  await asTenant(owner, async (client) => {
    for (const sql of [
      'DELETE FROM notes',
      'DELETE FROM mine',
      'CREATE TABLE mine.t (a int)',
      'DROP FUNCTION back()',
    ]) {
      expect([sql, await sqlstateOf(client, sql)]).toEqual([sql, '42501']);
    }
  });
  const owners = await live.asSuperuser(
    `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relname IN ('notes', 'mine')`,
    owner.database.name,
  );
  expect(owners).toEqual([{ owner: groupNameOf(owner.database) }]);
});

test('a change of role that was interrupted anywhere is completed by the next one', async () => {
  const owner = await ground.makeTenant();
  const [change, claim] = [ground.session(), { asked: 0, asks: 0 }];
  const late = () => ground.open({ leftMs: () => (claim.asked++ >= claim.asks ? 0 : 20_000) });
  for (let isDone = false, asks = 3; !isDone; asks += 2) {
    await change.ensureGrant(owner.database, owner.login, 'owner');
    await asTenant(owner, (client) => client.query('SET ROLE NONE; CREATE TABLE IF NOT EXISTS mine (a int)'));
    Object.assign(claim, { asked: 0, asks });
    const session = await late();
    isDone = await session.ensureGrant(owner.database, owner.login, 'readonly').then(
      () => true,
      () => false,
    );
    await session.close();
    await change.ensureGrant(owner.database, owner.login, 'readonly');
    await change.proveLogin(owner.database, owner.login, owner.password, 'readonly');
    await asTenant(owner, async (client) => expect(await sqlstateOf(client, 'DELETE FROM mine')).toBe('42501'));
  }
});

test("a grant is taken from a login that holds its role's row, and what it prepared is rolled back", async () => {
  const owner = await ground.makeTenant();
  const writer = await makeOther(owner, 'readwrite');
  await asTenant(owner, (client) => client.query('CREATE TABLE notes (a int)'));
  await asTenant(writer, (client) =>
    client.query(`BEGIN; INSERT INTO notes VALUES (1); PREPARE TRANSACTION ${quoteLiteral(writer.login.id)}`),
  );
  const holder = await openAs(writer);
  await holder.query(`BEGIN; ALTER ROLE ${quote(writer.login.name)} SET work_mem = '1MB'`);
  const evidence = await ground.session().removeGrant(owner.database, writer.login);
  expect(evidence).toMatchObject({ role_before: 'readwrite', details: { rolled_back: 1 } });
  await holder.end();
  await ground.session().proveRefused(owner.database, writer.login, writer.password);
});

test('the groups go with the database, also when it was only half there', async () => {
  for (const isHalf of [false, true]) {
    const owner = await ground.makeTenant();
    for (const role of ['readwrite', 'readonly'] as const) await makeOther(owner, role);
    if (isHalf) await live.asSuperuser(`DROP DATABASE ${quote(owner.database.name)} WITH (FORCE)`);
    await ground.session().removeDatabase(owner.database);
    for (const role of ['owner', 'readwrite', 'readonly'] as const) {
      expect(await live.hasLogin(groupNameOf(owner.database, role))).toBe(false);
    }
  }
});

test("a writers' group of somebody else's making is left alone, and nothing is granted", async () => {
  const owner = await ground.makeTenant();
  const group = groupNameOf(owner.database, 'readwrite');
  await live.asSuperuser(`CREATE ROLE ${quote(group)}`);
  await expect(makeOther(owner, 'readwrite')).rejects.toMatchObject({ code: 'taken_on_server' });
  await ground.session().removeDatabase(owner.database);
  expect(await live.hasLogin(group)).toBe(true);
  await live.asSuperuser(`DROP ROLE ${quote(group)}`);
});

test('an admin that is no superuser gives, changes and takes every role', async () => {
  const username = `admin_${idTail(newId('server'))}`;
  const password = newPassword();
  await live.asSuperuser(
    `CREATE ROLE ${username} LOGIN CREATEDB CREATEROLE PASSWORD ${quoteLiteral(password.reveal())}`,
  );
  await live.asSuperuser(`GRANT pg_signal_backend, pg_read_all_stats TO ${username}`);
  await live.asSuperuser(`GRANT CONNECT ON DATABASE postgres TO ${username}`);
  const own = await ground.open({ admin: { username, password } });
  const [owner, other] = [0, 1].map(() => ({ login: ground.newLogin(), password: newPassword() }));
  const database = ground.newDatabase();
  if (owner === undefined || other === undefined) throw new Error('There are two');
  await own.ensureDatabase(database);
  for (const { login, password: secret } of [owner, other]) await own.ensureLogin(login, secret);
  await own.ensureGrant(database, owner.login, 'owner');
  await asTenant({ database, ...owner }, (client) =>
    client.query('CREATE TABLE by_group (a int); SET ROLE NONE; CREATE TABLE by_self (a int)'),
  );
  for (const role of ['readonly', 'readwrite', 'owner', 'readonly'] as const) {
    await own.ensureGrant(database, other.login, role);
    await own.proveLogin(database, other.login, other.password, role);
    await asTenant({ database, ...other }, async (client) => {
      expect(await sqlstateOf(client, 'TABLE by_group')).toBe('done');
      // an owner's own table is its own: other owners act as the group
      expect(await sqlstateOf(client, 'TABLE by_self')).toBe(role === 'owner' ? '42501' : 'done');
    });
  }
  await own.ensureGrant(database, owner.login, 'readonly'); // who owns a table
  await own.removeGrant(database, other.login);
  await own.removeLogin(owner.login);
  await own.removeLogin(other.login);
  await own.removeDatabase(database);
  await own.close();
  await live.asSuperuser(`DROP OWNED BY ${username}`);
  await live.dropRole(username); // refused if a membership were left
});

function openAs({ database, login, password }: Tenant): Promise<Client> {
  const { host, port } = live.admin;
  return openClient({ host, port, database: database.name, username: login.name, password });
}

async function asTenant<T>(tenant: Tenant, deed: (client: Client) => Promise<T>): Promise<T> {
  const client = await openAs(tenant);
  try {
    return await deed(client);
  } finally {
    await client.end();
  }
}

/** The SQLSTATE a statement was refused with; `done` when it was not. */
async function sqlstateOf(client: Client, sql: string): Promise<string> {
  try {
    await client.query(sql);
    return 'done';
  } catch (error) {
    return String(Reflect.get(Object(error), 'code'));
  }
}
