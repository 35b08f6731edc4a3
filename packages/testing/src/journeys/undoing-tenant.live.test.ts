// A tenant who wants its database out of quarantine by itself, and whose logins still open another one: with what it made
// ready before, from every database that it can reach, as everybody whom it may become.
import { credentialCreate, grantCreate, request } from '@berth/actions';
import { Client } from 'pg';
import { type Journey, openJourney, withClient } from '../journey';
import { type Kept, makeKept, quarantine, refusalOf, restoreAndSee } from '../quarantine';
import { testServers } from '../stack';

let journey: Journey;
let shut: Kept;
let open: Kept;
/** The owners' group of the one that is quarantined, and of the one that is not. */
let groups: { shut: string; open: string };
/** Logins of both: an owner of both, and one that writes to both. */
let logins: { user: string; uri: string }[];
/** Sessions that the tenant opened in the other database before. */
const sessions: Client[] = [];

const onServer = async (sql: string) =>
  (await withClient(testServers().postgresqlUrl, (client) => client.query(sql))).rows;

async function done<Input>(kind: Parameters<typeof request<Input>>[1], input: Input) {
  const { id } = await request(journey.context, kind, input, journey.access);
  const ended = await journey.runHere(id);
  expect(ended).toMatchObject({ state: 'succeeded' });
  return ended;
}

const userOf = (uri: string) => decodeURIComponent(new URL(uri).username);
const inside = (uri: string, name: string) => Object.assign(new URL(uri), { pathname: `/${name}` }).href;

async function groupOf(name: string): Promise<string> {
  const [row] = await onServer(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '${name}\\_%owner'`);
  return row?.name;
}

beforeAll(async () => {
  journey = await openJourney();
  [shut, open] = [await makeKept(journey, `shut_${process.pid}`), await makeKept(journey, `open_${process.pid}`)];
  groups = { shut: await groupOf(shut.name), open: await groupOf(open.name) };
  const { databaseId } = shut;
  const { credential_id: writer } = await done(credentialCreate, { databaseId, role: 'readwrite' as const });
  const database = open.databaseId;
  await done(grantCreate, { credentialId: shut.credentialId, database, role: 'owner' as const });
  await done(grantCreate, { credentialId: writer ?? '', database, role: 'readwrite' as const });
  const uris = [shut.uri, await journey.uriOf(writer ?? '')];
  logins = uris.map((uri) => ({ user: userOf(uri), uri }));
  await makeReady();
  await quarantine(journey, shut.databaseId);
});
afterAll(async () => {
  for (const session of sessions) await session.end();
  await journey?.close();
});

/** Before the quarantine: functions that act as each whom it may become, for everybody, and sessions that have become one. */
async function makeReady(): Promise<void> {
  const owner = inside(shut.uri, open.name);
  const body = `(text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END'`;
  await withClient(owner, async (client) => {
    await client.query(
      `CREATE SCHEMA ready; GRANT ALL ON SCHEMA ready TO PUBLIC; CREATE FUNCTION ready.as_open${body}`,
    );
    await client.query(`SET ROLE NONE; CREATE FUNCTION ready.as_itself${body}`);
    await client.query(`SET ROLE "${groups.shut}"; CREATE FUNCTION ready.as_shut${body}`);
    await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ready TO PUBLIC`);
  });
  for (const role of ['NONE', `"${groups.open}"`, `"${groups.shut}"`]) {
    const session = new Client({ connectionString: owner });
    await session.connect();
    sessions.push(session);
    await session.query(`SET ROLE ${role}; PREPARE ready (text) AS SELECT ready.as_shut($1)`);
    await session.query(`DECLARE held CURSOR WITH HOLD FOR SELECT 1; SELECT pg_advisory_lock_shared(1)`);
  }
}

function attemptsOf(user: string): string[] {
  const [database, group] = [shut.name, groups.shut];
  return [
    `GRANT CONNECT ON DATABASE "${database}" TO "${user}"`,
    `GRANT CONNECT ON DATABASE "${database}" TO PUBLIC`,
    `GRANT CREATE, TEMPORARY ON DATABASE "${database}" TO PUBLIC`,
    `GRANT ALL ON DATABASE "${database}" TO "${user}" WITH GRANT OPTION`,
    `ALTER DATABASE "${database}" CONNECTION LIMIT -1`,
    `ALTER DATABASE "${database}" OWNER TO "${user}"`,
    `ALTER DATABASE "${database}" RENAME TO evil_${process.pid}`,
    `ALTER DATABASE "${database}" SET role = 'postgres'`,
    `DROP DATABASE "${database}"`,
    `CREATE DATABASE evil_${process.pid} TEMPLATE "${database}"`,
    `COMMENT ON DATABASE "${database}" IS 'mine'`,
    `SECURITY LABEL ON DATABASE "${database}" IS 'mine'`,
    `UPDATE pg_database SET datconnlimit = -1`,
    `SELECT FROM pg_database FOR UPDATE`,
    `LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE`,
    `SET ROLE "${group}"`,
    `SET SESSION AUTHORIZATION "${group}"`,
    `SET SESSION AUTHORIZATION "${user}"`,
    `GRANT "${group}" TO "${user}"`,
    `GRANT "${group}" TO "${user}" WITH ADMIN TRUE`,
    `GRANT "${group}" TO "${groups.open}"`,
    `GRANT "${user}" TO "${group}"`,
    `GRANT pg_write_all_data TO "${user}"`,
    `ALTER ROLE "${group}" LOGIN PASSWORD 'evil'`,
    `ALTER ROLE "${group}" SET search_path = evil`,
    `ALTER ROLE "${user}" SUPERUSER`,
    `ALTER ROLE "${user}" CREATEROLE`,
    `ALTER ROLE "${user}" REPLICATION`,
    `ALTER ROLE "${user}" RENAME TO evil_${process.pid}`,
    `CREATE ROLE evil_${process.pid} LOGIN PASSWORD 'evil' IN ROLE "${group}"`,
    `CREATE ROLE evil_${process.pid} LOGIN ADMIN "${user}"`,
    `REASSIGN OWNED BY "${group}" TO "${user}"`,
    `DROP OWNED BY "${group}"`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE "${group}" GRANT ALL ON TABLES TO PUBLIC`,
    'CREATE EXTENSION dblink',
    'CREATE EXTENSION postgres_fdw',
    'CREATE EXTENSION file_fdw',
    'CREATE FOREIGN DATA WRAPPER evil',
    'CREATE LANGUAGE plperlu',
    `CREATE FUNCTION ready.evil() RETURNS int LANGUAGE c AS 'libc.so.6', 'system'`,
    `CREATE EVENT TRIGGER evil ON ddl_command_end EXECUTE FUNCTION ready.as_shut()`,
    `CREATE SUBSCRIPTION evil CONNECTION 'dbname=${database}' PUBLICATION evil`,
    `SELECT pg_create_logical_replication_slot('evil_${process.pid}', 'test_decoding')`,
    `COPY kept FROM PROGRAM 'true'`,
    `COPY kept TO '/tmp/evil'`,
    `SELECT lo_import('/etc/passwd')`,
    `SELECT pg_read_file('pg_hba.conf')`,
    'ALTER SYSTEM SET password_encryption = md5',
    'SELECT pg_reload_conf()',
    `LOAD 'dblink'`,
    `SET session_preload_libraries = 'evil'`,
    'SET session_replication_role = replica',
  ];
}

/** Everything that would let somebody in, or would show that something was undone. */
const inTheWay = () =>
  onServer(
    `SELECT (SELECT to_jsonb(d) - 'datfrozenxid' - 'datminmxid' FROM pg_database d WHERE datname = '${shut.name}') AS database,
      (SELECT json_agg(r ORDER BY oid) FROM (SELECT oid, rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin,
        rolreplication, rolbypassrls, rolconnlimit FROM pg_roles WHERE rolname ~ '^(shut|open|evil)_${process.pid}') r) AS roles,
      (SELECT json_agg(m ORDER BY m.oid) FROM pg_auth_members m JOIN pg_roles r ON r.oid = member
        WHERE rolname ~ '^(shut|open|evil)_${process.pid}') AS members,
      (SELECT count(*) FROM pg_database WHERE datname LIKE 'evil_${process.pid}%') AS made`,
  );

async function tryAll(client: Client, user: string, become: string): Promise<void> {
  for (const attempt of attemptsOf(user)) {
    const literal = client.escapeLiteral(attempt);
    const ways = [attempt, ...['open', 'itself', 'shut'].map((as) => `SELECT ready.as_${as}(${literal})`)];
    for (const way of ways) await client.query(way).catch(() => {}); // whether it was let is told by what it changed
    if (attempt.startsWith('SET')) await client.query(become).catch(() => {}); // one that became somebody goes on as it was
  }
}

test('no statement that it tries changes anything: not as itself, as a group, or through what it made ready', async () => {
  const before = await inTheWay();
  expect(before).toMatchObject([{ database: { datconnlimit: 0 } }]);
  for (const [at, role] of ['NONE', `"${groups.open}"`].entries()) {
    const [session] = sessions.slice(at);
    if (session !== undefined) await tryAll(session, userOf(shut.uri), `SET ROLE ${role}`);
  }
  const [, , became] = sessions; // it must not leave the role that it could not take again
  for (const attempt of attemptsOf(userOf(shut.uri)).filter((each) => !each.startsWith('SET'))) {
    await became?.query(attempt).catch(() => {});
    await became?.query(`EXECUTE ready (${became.escapeLiteral(attempt)})`).catch(() => {});
  }
  expect(await inTheWay()).toEqual(before);
  for (const { user, uri } of logins) {
    await withClient(inside(uri, open.name), (client) => tryAll(client, user, 'RESET ROLE'));
  }
  expect(await inTheWay()).toEqual(before);
});

test('of all databases of the server its logins open the other one alone', async () => {
  // Berth's and the server's own: what other files have somebody else make, before it is adopted, is open to everybody
  const databases = await onServer(`SELECT datname AS name FROM pg_database
    WHERE shobj_description(oid, 'pg_database') LIKE 'berth%' OR datname IN ('postgres', 'template0', 'template1')`);
  for (const { uri } of logins) {
    const entered: string[] = [];
    for (const { name } of databases) {
      const client = new Client({ connectionString: inside(uri, name) });
      client.on('error', () => {}); // told by `connect` as well
      await client.connect().then(
        () => entered.push(name),
        () => {}, // refused, or dropped meanwhile by another test
      );
      await client.end();
    }
    expect(entered).toEqual([open.name]);
    expect(await refusalOf(uri)).toBe('database');
  }
});

test('what it tried does not stand in the way of the restore', async () => {
  await restoreAndSee(journey, shut);
  for (const { uri } of logins) expect(await refusalOf(uri)).toBeNull();
});
