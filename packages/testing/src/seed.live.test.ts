// The first rows of a store of one's own: the printed token is an access, and the named pool is there.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import { Client } from 'pg';
import { ROOT } from './house/source-files';
import { openTestStore, type TestStore } from './stack';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store?.close());

test('prints a token that the store knows by its hash, and a pool to register servers in', async () => {
  const tsx = join(ROOT, 'node_modules/.bin/tsx');
  const env = { ...process.env, BERTH_STORE_URL: store.url };
  const { stdout } = await promisify(execFile)(tsx, [join(ROOT, 'prisma/seed.ts')], { cwd: ROOT, env });
  const [, token = ''] = /^(berth_\w+)$/m.exec(stdout) ?? [];
  const [, pool = ''] = /"pool": "([\w-]+)"/.exec(stdout) ?? [];
  const client = new Client({ connectionString: store.url });
  await client.connect();
  const accesses = await client.query('SELECT scopes FROM accesses WHERE secret_hash = $1', [
    hashToken(new Secret(token)),
  ]);
  const pools = await client.query('SELECT engine FROM pools WHERE name = $1', [pool]);
  await client.end();
  expect(accesses.rows).toEqual([{ scopes: ['public', 'admin', 'credentials', 'operator'] }]);
  expect(pools.rows).toEqual([{ engine: 'postgresql' }]);
});
