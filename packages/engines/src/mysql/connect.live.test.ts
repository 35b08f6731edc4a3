// One connection: what its session is settled to, that no statement outlives what is left of a claim, and what no server is told.
import { connect } from 'node:net';
import { Secret } from '@berth/core';
import { describeWhere, whyNoMariadb } from '@berth/testing';
import { refusalOf } from '../conformance/ground';
import { listen } from '../conformance/server';
import { type Connection, openConnection } from './connect';
import { liveServer } from './live-server';

const missing = whyNoMariadb();
/** A packet of one byte: https://mariadb.com/kb/en/com_quit/ */
const COM_QUIT = Buffer.from([1, 0, 0, 0, 1]);

describeWhere(missing === null, missing ?? '', 'a connection to MariaDB', () => {
  const live = liveServer(process.env.BERTH_TEST_MYSQL_URL ?? 'mysql://nobody');
  const opened: Connection[] = [];

  afterAll(async () => {
    for (const connection of opened) await connection.close();
  });

  async function open(leftMs: () => number, at: Partial<typeof live.admin> = {}): Promise<Connection> {
    const { username, password } = live.admin;
    const address = { ...live.admin, ...at };
    const connection = await openConnection({ address, username, password, programName: 'berth' }, leftMs);
    opened.push(connection);
    return connection;
  }

  test('is settled in what quotes, backslashes and letters mean, and ends by itself after twice a hold', async () => {
    const connection = await open(() => 20_000);
    const sql = `SELECT @@sql_mode AS mode, @@character_set_client AS letters, @@wait_timeout AS idle, @@autocommit AS auto`;
    const mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';
    expect(await connection.query(sql)).toEqual([{ mode, letters: 'utf8mb4', idle: 60, auto: 1 }]);
  });

  test('asks the server itself to end a statement when nothing is left of the claim', async () => {
    const connection = await open(() => 300);
    expect(await refusalOf(connection.query('SELECT SLEEP(30) FROM information_schema.schemata'))).toBe(
      'deadline_passed',
    );
    // had the client's own patience ended it, a second later, there would be no connection any more
    expect(await connection.query('SELECT 1 AS still')).toEqual([{ still: 1 }]);
  });

  test('follows the claim as it shrinks and is renewed', async () => {
    const claim = { leftMs: 60_000 };
    const connection = await open(() => claim.leftMs);
    const limit = async () => {
      const [row] = await connection.query<{ limit: number }>('SELECT @@max_statement_time AS `limit`');
      return Number(row?.limit);
    };
    expect(await limit()).toBe(20);
    claim.leftMs = 5_000;
    expect(await limit()).toBe(5);
    claim.leftMs = 60_000;
    expect(await limit()).toBe(20);
  });

  test('says goodbye, and leaves the hanging up to the server', async () => {
    const said: string[] = [];
    const door = await listen((incoming) => {
      const outgoing = connect(live.admin.port, live.admin.host).on('error', () => undefined);
      outgoing.on('data', (answer) => incoming.write(answer));
      outgoing.on('end', () => {
        said.push('the server hung up');
        incoming.end();
      });
      incoming.on('data', (question) => {
        if (question.equals(COM_QUIT)) said.push('goodbye');
        outgoing.write(question);
      });
    });
    await (await open(() => 5_000, { host: '127.0.0.1', port: door.port })).close();
    expect(said).toEqual(['goodbye', 'the server hung up']);
    await door.close();
  });

  test('to a server that falls silent is given up soon after what was left', async () => {
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
    const connection = await open(() => 300, { host: '127.0.0.1', port: door.port });
    expect(await refusalOf(connection.query("SELECT 'fall silent'"))).toBe('server_unreachable');
    expect(await refusalOf(connection.query('SELECT 1'))).toBe('server_unreachable');
    await door.close();
  });

  test.each(['require', 'verify-full'] as const)(
    'is refused where TLS is asked for (%s) and not offered',
    async (tls) => {
      expect(await refusalOf(open(() => 5_000, { tls, host: 'localhost' }))).toBe('tls_failed');
    },
  );

  test('does not hold a certificate against an address: the driver would hold it against localhost', async () => {
    const door = await listen(() => undefined);
    const opening = open(() => 5_000, { tls: 'verify-full', host: '127.0.0.1', port: door.port });
    expect(await refusalOf(opening)).toBe('tls_failed');
    expect(door.count()).toBe(0);
    await door.close();
  });

  test('gives no server the password in clear, however it asks', async () => {
    const heard: Buffer[] = [];
    const door = await listen((socket) => {
      socket.write(greeting());
      socket.once('data', () => socket.write(packet(2, Buffer.from('\xfemysql_clear_password\0', 'latin1'))));
      socket.on('data', (data) => heard.push(data));
    });
    const password = new Secret('hunter2-in-clear');
    const address = { host: '127.0.0.1', port: door.port, tls: 'disable' as const };
    const opening = openConnection({ address, username: 'root', password, programName: 'berth' }, () => 2_000);
    expect(await refusalOf(opening)).toBe('admin_refused');
    expect(Buffer.concat(heard).toString('latin1')).toContain('root'); // it was spoken to
    expect(Buffer.concat(heard).toString('latin1')).not.toContain('hunter2');
    await door.close();
  });

  test('without a password is not opened', async () => {
    const { username } = live.admin;
    const target = { address: live.admin, username, password: new Secret(''), programName: 'berth' };
    expect(await refusalOf(openConnection(target, () => 5_000))).toBe('admin_refused');
  });
});

/** The first packet of a server, protocol 10: https://mariadb.com/kb/en/connection/#initial-handshake-packet */
function greeting(): Buffer {
  const capabilities = 0x00_08_82_09; // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH and CONNECT_WITH_DB
  const head = Buffer.from('\x0a10.11.0-MariaDB\0\x01\0\0\0abcdefgh\0', 'latin1');
  const rest = Buffer.alloc(18);
  rest.writeUInt16LE(capabilities & 0xffff, 0);
  rest.writeUInt8(45, 2);
  rest.writeUInt16LE(2, 3);
  rest.writeUInt16LE(capabilities >>> 16, 5);
  rest.writeUInt8(21, 7);
  return packet(0, Buffer.concat([head, rest, Buffer.from('ijklmnopqrst\0mysql_native_password\0', 'latin1')]));
}

function packet(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head.writeUInt8(sequence, 3);
  return Buffer.concat([head, body]);
}
