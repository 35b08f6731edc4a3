// A tenants' server of a file's own: empty, separate from the shared one, and gone when closed.
import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { describeWhere } from './describe-where';
import { testServers } from './stack';
import { debianBinaries, NO_OLDEST_POSTGRESQL, OLDEST_POSTGRESQL, openTestPostgresql } from './test-postgresql';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

const MAJOR = `SELECT current_setting('server_version_num')::int / 10000`;
const IDENTITY = 'SELECT system_identifier FROM pg_control_system()';

test('is not the server of the stores, can be stopped and started, and leaves nothing', async () => {
  const server = await openTestPostgresql();
  expect(await ask(server.url().reveal(), MAJOR)).toBe(18);
  expect(await ask(server.url().reveal(), IDENTITY)).not.toBe(await ask(testServers().storeUrl, IDENTITY));
  await server.stop();
  await expect(ask(server.url().reveal(), MAJOR)).rejects.toThrow('ECONNREFUSED');
  await server.restart();
  expect(await ask(server.url().reveal(), MAJOR)).toBe(18);
  await server.close();
  expect(existsSync(server.dataDirectory)).toBe(false);
});

const debian15 = debianBinaries(OLDEST_POSTGRESQL);

describeWhere(debian15 !== null, NO_OLDEST_POSTGRESQL, 'PostgreSQL 15', () => {
  test("is Debian's where it is installed", async () => {
    const server = await openTestPostgresql(debian15 ?? undefined);
    expect(await ask(server.url().reveal(), MAJOR)).toBe(15);
    await server.close();
  });
});
