// The SQL of docs/engines.md, run as it stands: the admin that it makes is all that Berth needs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '@berth/core';
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

test('the admin described there lacks nothing, and prepares the server', async () => {
  const admin = {
    host: server.host,
    port: server.port,
    tls: 'disable' as const,
    username,
    password: new Secret(password),
  };
  const session = await postgresql.open(admin, { leftMs: () => 20_000 });
  expect((await session.observeServer()).lacks).toEqual([]);
  expect(await session.ensureServerPrepared()).toMatchObject({ canary_made: true, open_to_everybody: [] });
  await session.close();
});
