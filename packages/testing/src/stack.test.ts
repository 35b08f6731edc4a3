// The servers of the run and the stores cloned from its template: real, separate, gone when closed.
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { openTestStore, testServers } from './stack';

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url, application_name: 'stack.test' });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a store has every table of the schema, and nothing that another one wrote', async () => {
  const [first, second] = await Promise.all([openTestStore(), openTestStore()]);
  await query(first.url, `INSERT INTO teams (id, name) VALUES ('team_1', 'one')`);
  const tables = await query<{ name: string }>(
    second.url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['teams', 'databases', 'actions', 'steps']));
  expect(await query(second.url, 'SELECT id FROM teams')).toEqual([]);
  await Promise.all([first.close(), second.close()]);
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow('does not exist');
});

test("the tenants' server is another one, allows prepared transactions and logical slots, and keeps a log", async () => {
  const { postgresqlUrl, postgresqlLog, storeUrl } = testServers();
  const settings = await query(
    postgresqlUrl,
    `SELECT current_setting('wal_level') AS wal_level, current_setting('max_prepared_transactions') AS prepared,
       current_setting('server_version_num')::int / 10000 AS major, current_database() AS name`,
  );
  expect(settings).toEqual([{ wal_level: 'logical', prepared: '20', major: 18, name: 'postgres' }]);
  expect(new URL(postgresqlUrl).port).not.toBe(new URL(storeUrl).port);
  expect(await readFile(postgresqlLog, 'utf8')).toContain('ready to accept connections');
});
