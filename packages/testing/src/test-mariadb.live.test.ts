// A MariaDB of one's own takes connections when it is handed over, keeps its port and its data over a kill, and leaves nothing.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createConnection } from 'mysql2/promise';
import { describeWhere } from './describe-where';
import { openTestMariadb, whyNoMariadb } from './test-mariadb';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'a MariaDB of a test', () => {
  test('is there, is killed, comes back on its port, and goes with its folder', async () => {
    const server = await openTestMariadb({ 'max-connections': '17' });
    try {
      expect(existsSync(server.folder)).toBe(true);
      expect(await firstBytes(server.port)).toContain('MariaDB');
      await server.kill9();
      await expect(firstBytes(server.port)).rejects.toThrow('ECONNREFUSED');
      await server.restart();
      expect(await firstBytes(server.port)).toContain('MariaDB');
      expect((await server.readLog()).match(/ready for connections/g)).toHaveLength(2);
    } finally {
      await server.close();
    }
    expect(existsSync(server.folder)).toBe(false);
  });

  test("has its temporary files to itself: a server that starts removes all others' in its folder", async () => {
    const own = await openTestMariadb();
    const shared = process.env.BERTH_TEST_MYSQL_URL ?? '';
    try {
      expect(await temporaryFolder(own.url.reveal())).not.toEqual(await temporaryFolder(shared));
    } finally {
      await own.close();
    }
  });

  test('that cannot start says what it wrote', async () => {
    await expect(openTestMariadb({ 'no-such-setting': '1' })).rejects.toThrow(/no-such-setting/);
  });
});

async function temporaryFolder(url: string): Promise<unknown> {
  const client = await createConnection(url);
  const [rows] = await client.query('SELECT @@tmpdir AS folder');
  await client.end();
  return rows;
}

/** The greeting, in which a server says its version: https://mariadb.com/kb/en/connection/#initial-handshake-packet */
function firstBytes(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1'));
    });
  });
}
