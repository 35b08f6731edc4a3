// One connection: how it resolves names, and that no statement outlives what is left of a claim.
import { connect } from 'node:net';
import { refusalOf } from '../conformance/ground';
import { listen } from '../conformance/server';
import { openAdmin } from './admin';
import { type Connection, openConnection } from './connect';
import { liveServer } from './live-server';
import { visit } from './visit';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const opened: Connection[] = [];

afterAll(async () => {
  for (const connection of opened) await connection.close();
});

async function open(leftMs: () => number, port = live.admin.port): Promise<Connection> {
  const { username, password } = live.admin;
  const target = {
    address: { ...live.admin, port },
    username,
    password,
    database: 'postgres',
    applicationName: 'berth',
  };
  const connection = await openConnection(target, leftMs);
  opened.push(connection);
  return connection;
}

test("names mean the server's own things and nothing that a tenant put into a schema", async () => {
  const connection = await open(() => 20_000);
  expect(await connection.query('SHOW search_path')).toEqual([{ search_path: 'pg_catalog' }]);
});

test('what the admin commits outlives a crash of a server that does not wait for its disk, inside databases too', async () => {
  const admin = await openAdmin(live.admin, () => 20_000);
  opened.push(admin.main);
  const show = (connection: Connection) => connection.query('SHOW synchronous_commit');
  expect([await show(await open(() => 20_000)), admin.isForgetful]).toEqual([[{ synchronous_commit: 'off' }], true]);
  const seen = [await show(admin.main), await visit(admin, 'postgres', show)];
  expect(seen).toEqual([[{ synchronous_commit: 'on' }], [{ synchronous_commit: 'on' }]]);
});

test('a session that falls asleep is ended by the server after twice a hold', async () => {
  const connection = await open(() => 20_000);
  expect(await connection.query('SHOW idle_session_timeout')).toEqual([{ idle_session_timeout: '1min' }]);
});

test('a server without TLS is refused where TLS is asked for, before the password is sent', async () => {
  const { username, password } = live.admin;
  const address = { ...live.admin, tls: 'require' as const };
  const opening = openConnection(
    { address, username, password, database: 'postgres', applicationName: 'berth' },
    () => 5_000,
  );
  expect(await refusalOf(opening)).toBe('tls_failed');
});

test('the server itself ends a statement when nothing is left of the claim', async () => {
  const connection = await open(() => 200);
  expect(await refusalOf(connection.query('SELECT pg_sleep(30)'))).toBe('deadline_passed');
  // had the client's own patience ended it, a second later, there would be no connection any more
  expect(await connection.query('SELECT 1 AS still')).toEqual([{ still: 1 }]);
});

test('the limit follows the claim as it shrinks and is renewed', async () => {
  const claim = { leftMs: 60_000 };
  const connection = await open(() => claim.leftMs);
  const limit = async () =>
    (await connection.query<{ statement_timeout: string }>('SHOW statement_timeout'))[0]?.statement_timeout;
  expect(await limit()).toBe('20s');
  claim.leftMs = 5_000;
  expect(await limit()).toBe('5s');
  claim.leftMs = 60_000;
  expect(await limit()).toBe('20s');
});

test('a server that falls silent is given up soon after what was left, and the connection with it', async () => {
  const door = await listen((incoming) => {
    const outgoing = connect(live.admin.port, live.admin.host).on('error', () => undefined);
    let isSilent = false;
    outgoing.on('data', (answer) => {
      if (!isSilent) incoming.write(answer);
    });
    incoming.on('data', (question) => {
      isSilent ||= question.includes('fall silent');
      outgoing.write(question);
    });
    incoming.on('close', () => outgoing.destroy());
  });
  const connection = await open(() => 300, door.port);
  expect(await refusalOf(connection.query("SELECT 'fall silent'"))).toBe('server_unreachable');
  expect(await refusalOf(connection.query('SELECT 1'))).toBe('server_unreachable');
  await door.close();
});

test('statements sent together are done together or not at all', async () => {
  const connection = await open(() => 20_000);
  const made = connection.atomically(['CREATE ROLE berth_half_made', 'CREATE ROLE berth_half_made']);
  expect(await refusalOf(made)).toBe('taken_on_server');
  expect(await live.hasLogin('berth_half_made')).toBe(false);
});
