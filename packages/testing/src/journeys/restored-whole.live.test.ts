// What comes back with a restore: everything. Data of every kind, each login with its role and its password, what the
// tenant had set and granted, and what Berth remembers of the database.
import { credentialCreate, databaseDelete, grantCreate, request, updateDatabase } from '@berth/actions';
import { codeOf, type Role } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import { askRestore, type Kept, makeKept, quarantine, refusalOf, stateOf } from '../quarantine';
import { testServers } from '../stack';

let journey: Journey;
let kept: Kept;
let other: Kept;
/** One login of each role that is this database's alone, and one that writes here and owns the other database. */
let uris: Record<Role | 'shared', string>;

const ask = (uri: string, sql: string) => withClient(uri, async (client) => (await client.query(sql)).rows);
const onServer = (sql: string, database = 'postgres') =>
  ask(new URL(`/${database}`, testServers().postgresqlUrl).href, sql);

async function done<Input>(kind: Parameters<typeof request<Input>>[1], input: Input) {
  const { id } = await request(journey.context, kind, input, journey.access);
  const ended = await journey.runHere(id);
  expect(ended).toMatchObject({ state: 'succeeded' });
  return ended;
}

/** A login of its own with this role. */
async function newLogin(role: Role): Promise<string> {
  const { credential_id } = await done(credentialCreate, { databaseId: kept.databaseId, role });
  return journey.uriOf(credential_id ?? '');
}

beforeAll(async () => {
  journey = await openJourney();
  kept = await makeKept(journey, `whole_${process.pid}`);
  other = await makeKept(journey, `beside_${process.pid}`);
  const [readwrite, readonly] = [await newLogin('readwrite'), await newLogin('readonly')];
  const grant = { credentialId: other.credentialId, database: kept.databaseId, role: 'readwrite' as const };
  await done(grantCreate, grant);
  const shared = new URL(other.uri);
  shared.pathname = `/${kept.name}`;
  uris = { owner: kept.uri, readwrite, readonly, shared: shared.href };
  const user = decodeURIComponent(new URL(kept.uri).username);
  await ask(
    kept.uri,
    `CREATE SCHEMA shop; CREATE TABLE shop.orders (id serial PRIMARY KEY, body jsonb, raw bytea);
     INSERT INTO shop.orders (body, raw) SELECT jsonb_build_object('n', n), decode('00ff', 'hex') FROM generate_series(1, 1000) n;
     CREATE INDEX ON shop.orders ((body ->> 'n')); CREATE MATERIALIZED VIEW shop.counted AS SELECT count(*) FROM shop.orders;
     CREATE FUNCTION shop.total() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM shop.orders';
     CREATE EXTENSION pg_trgm; SELECT lo_from_bytea(4711, 'a large object'); COMMENT ON TABLE shop.orders IS 'ours';
     SELECT setval('shop.orders_id_seq', 5000); SET ROLE NONE; ALTER ROLE "${user}" SET statement_timeout = '77s'`,
  );
  const change = { databaseId: kept.databaseId, labels: { tier: 'gold' } };
  await updateDatabase(journey.context, change, journey.access);
});
afterAll(() => journey?.close());

/** What the server's catalogue says of the database and of who may do what in it. Passwords' verifiers are made anew. */
async function catalogue(): Promise<unknown> {
  const roles = `SELECT oid FROM pg_roles WHERE rolname LIKE 'whole\\_${process.pid}%' OR rolname LIKE 'beside\\_${process.pid}%'`;
  const global = await onServer(
    `SELECT (SELECT json_agg(d ORDER BY datname) FROM
        (SELECT datname, datdba, datconnlimit, datallowconn, encoding, datcollate,
           ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1) AS acl FROM pg_database WHERE datname = '${kept.name}') d) AS databases,
      (SELECT json_agg(r ORDER BY rolname) FROM (SELECT * FROM pg_roles WHERE oid IN (${roles})) r) AS roles,
      (SELECT json_agg(m ORDER BY roleid, member) FROM (SELECT roleid::regrole::text, member::regrole::text, admin_option,
         inherit_option, set_option FROM pg_auth_members WHERE roleid IN (${roles})) m) AS members,
      (SELECT json_agg(s::text ORDER BY s::text) FROM pg_db_role_setting s WHERE setrole IN (${roles})) AS settings`,
  );
  const inside = await onServer(
    `SELECT (SELECT json_agg(c ORDER BY oid) FROM (SELECT oid, relname, relkind, relowner, relacl::text, relfilenode
        FROM pg_class WHERE oid >= 16384) c) AS relations,
      (SELECT json_agg(n ORDER BY oid) FROM (SELECT oid, nspname, nspowner, nspacl::text FROM pg_namespace) n) AS schemas,
      (SELECT json_agg(a ORDER BY oid) FROM (SELECT oid, defaclrole, defaclobjtype, defaclacl::text FROM pg_default_acl) a) AS defaults,
      (SELECT json_agg(p ORDER BY oid) FROM (SELECT oid, proname, proowner, proacl::text FROM pg_proc WHERE oid >= 16384) p) AS functions`,
    kept.name,
  );
  return { global, inside };
}

const CONTENT = `SELECT (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM shop.orders o) AS orders, shop.total()::int AS total,
  (SELECT last_value::int FROM shop.orders_id_seq) AS last, current_setting('statement_timeout') AS timeout,
  obj_description('shop.orders'::regclass) AS comment, (SELECT count::int FROM shop.counted) AS counted`;

test('data, logins, roles, settings and what is remembered: all as before; each role may what it might and no more', async () => {
  await ask(kept.uri, `INSERT INTO shop.orders (body) VALUES ('{"written": "last"}')`);
  const before = { content: await ask(kept.uri, CONTENT), catalogue: await catalogue() };
  const row = await journey.context.store.databases.find(kept.databaseId);
  await quarantine(journey, kept.databaseId);
  expect(await Promise.all(Object.values(uris).map(refusalOf))).toEqual(['login', 'login', 'login', 'database']);
  const { id } = await askRestore(journey, kept.databaseId);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });

  expect({ content: await ask(kept.uri, CONTENT), catalogue: await catalogue() }).toEqual(before);
  expect(before.content).toMatchObject([{ total: 1001, last: 5001, timeout: '77s', comment: 'ours', counted: 1000 }]);
  expect(await journey.context.store.databases.find(kept.databaseId)).toEqual(row);
  expect(await ask(kept.uri, `SELECT convert_from(lo_get(4711), 'UTF8') AS text`)).toEqual([
    { text: 'a large object' },
  ]);

  await ask(kept.uri, 'CREATE TABLE shop.later (a int)');
  for (const writer of [uris.readwrite, uris.shared]) {
    await ask(writer, `INSERT INTO shop.later VALUES (1); SELECT nextval('shop.orders_id_seq')`);
    await expect(ask(writer, 'CREATE TABLE shop.never (a int)')).rejects.toMatchObject({ code: '42501' });
  }
  expect(await ask(uris.readonly, 'TABLE shop.later')).toEqual([{ a: 1 }, { a: 1 }]);
  await expect(ask(uris.readonly, 'DELETE FROM shop.later')).rejects.toMatchObject({ code: '42501' });
  expect(await refusalOf(other.uri)).toBeNull();
});

test('protection that was given in quarantine holds after the restore, and labels changed there are kept', async () => {
  await quarantine(journey, kept.databaseId);
  const change = { databaseId: kept.databaseId, protected: true, labels: { tier: 'silver' } };
  await updateDatabase(journey.context, change, journey.access);
  const { id } = await askRestore(journey, kept.databaseId);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  const row = await journey.context.store.databases.find(kept.databaseId);
  expect(row).toMatchObject({ state: 'available', protected: true, labels: { tier: 'silver' } });
  const drop = request(journey.context, databaseDelete, { databaseId: kept.databaseId }, journey.access);
  expect(codeOf(await drop.catch((error: unknown) => error))).toBe('protected');
  expect(await stateOf(journey, kept.databaseId)).toBe('available');
});
