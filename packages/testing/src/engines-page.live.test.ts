// docs/engines.md held against a server: its SQL, run as it stands, makes an admin that is all that Berth needs; what it
// says that a login can read of others, and cannot, is so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId, Secret } from '@berth/core';
import { postgresql } from '@berth/engines/postgresql';
import { Client } from 'pg';
import { ROOT } from './house/source-files';
import { openTestPostgresql, type TestPostgresql } from './test-postgresql';

const [, sql = ''] = /^ *```sql\n([\s\S]*?)^ *```/m.exec(readFileSync(join(ROOT, 'docs/engines.md'), 'utf8')) ?? [];
const [, username = '', password = ''] = /CREATE ROLE (\w+) .*PASSWORD '(.*)'/.exec(sql) ?? [];

let server: TestPostgresql;

beforeAll(async () => {
  server = await openTestPostgresql();
  const superuser = new Client({ connectionString: server.url().reveal() });
  await superuser.connect();
  await superuser.query(sql);
  await superuser.end();
});
afterAll(() => server?.close());

const openSession = () =>
  postgresql.open(
    { host: server.host, port: server.port, tls: 'disable', username, password: new Secret(password) },
    { leftMs: () => 20_000 },
  );

test('the admin described there lacks nothing, and prepares the server', async () => {
  const session = await openSession();
  expect((await session.observeServer()).lacks).toEqual([]);
  expect(await session.ensureServerPrepared()).toMatchObject({ canary_made: true, open_to_everybody: [] });
  await session.close();
});

describe('of another team on the same server', () => {
  const clients: Client[] = [];
  let curious: Client;

  /** A database with its login, and a client inside. */
  async function makeTenant(name: string): Promise<Client> {
    const session = await openSession();
    const [database, login] = [
      { id: newId('database'), name, connectionsMax: 5 },
      { id: newId('credential'), name: `${name}_app` },
    ];
    const secret = new Secret('a-password-of-this-test');
    await session.ensureDatabase(database);
    await session.ensureLogin(login, secret);
    await session.ensureGrant(database, login, 'owner');
    await session.close();
    const { host, port } = server;
    const client = new Client({ host, port, database: name, user: login.name, password: secret.reveal() });
    await client.connect();
    clients.push(client);
    return client;
  }

  beforeAll(async () => {
    const other = await makeTenant('other');
    for (const sql of [
      `SET application_name = 'payroll'`,
      'CREATE SCHEMA hidden_schema CREATE TABLE hidden_table (a int)',
      `SET ROLE NONE; ALTER ROLE other_app SET search_path = kept_in_a_setting; RESET ROLE`,
      `BEGIN; INSERT INTO hidden_schema.hidden_table VALUES (1); PREPARE TRANSACTION 'order 4711'`,
    ]) {
      await other.query(sql);
    }
    curious = await makeTenant('curious');
  });
  afterAll(async () => {
    await clients[0]?.query(`ROLLBACK PREPARED 'order 4711'`);
    for (const client of clients) await client.end();
  });

  /** All that a query shows, as text, or the SQLSTATE of its refusal. */
  const told = (sql: string): Promise<string> =>
    curious.query(sql).then(
      ({ rows }) => JSON.stringify(rows),
      (error: unknown) => String(Reflect.get(Object(error), 'code')),
    );

  test.each([
    ['the name of a database', 'SELECT datname FROM pg_database', '"other"'],
    ['the name of a login', 'SELECT rolname FROM pg_roles', '"other_app"'],
    ["Berth's ids", 'SELECT description FROM pg_shdescription', '"berth:db_'],
    ['limits', `SELECT datconnlimit FROM pg_database WHERE datname = 'other'`, '5'],
    ['who has which role', 'SELECT member::regrole::text FROM pg_auth_members', '"other_app"'],
    ['settings', 'SELECT setconfig FROM pg_db_role_setting', 'kept_in_a_setting'],
    ['who is where', `SELECT datname, usename FROM pg_stat_activity WHERE datname = 'other'`, 'other_app'],
    ['with what', 'SELECT application_name FROM pg_stat_activity', 'payroll'],
    ['how much is done', `SELECT xact_commit FROM pg_stat_database WHERE datname = 'other'`, '"xact_commit":"'],
    ['what is prepared', 'SELECT gid FROM pg_prepared_xacts', 'order 4711'],
    [
      'how many tables there are',
      `SELECT count(*)::int FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
        WHERE datname = 'other' AND classid = 'pg_class'::regclass AND deptype = 'o'`,
      '[{"count":1}]',
    ],
    ['the size of all together', `SELECT pg_tablespace_size('pg_default') > 0 AS seen`, 'true'],
  ])('a login can read %s', async (_, sql, expected) => {
    expect(await told(sql)).toContain(expected);
  });

  test.each([
    ['a verifier', 'SELECT rolpassword FROM pg_authid', '42501'],
    ['a password', `SELECT DISTINCT rolpassword FROM pg_roles`, '[{"rolpassword":"********"}]'],
    [
      'what it runs, or from where',
      `SELECT query, client_addr, state FROM pg_stat_activity WHERE datname = 'other'`,
      '[{"query":"<insufficient privilege>","client_addr":null,"state":null}]',
    ],
    ['the names of its tables and schemas', `SELECT relname FROM pg_class WHERE relname ~ 'hidden'`, '[]'],
    ['its size', `SELECT pg_database_size('other')`, '42501'],
    ['whether it may enter: it may not', `SELECT has_database_privilege('other', 'CONNECT')`, 'false'],
    ["the server's files", `SELECT pg_read_file('postgresql.conf')`, '42501'],
  ])('a login cannot read %s', async (_, sql, expected) => {
    expect(await told(sql)).toContain(expected);
  });
});
