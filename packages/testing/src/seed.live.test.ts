// The first rows of a store of one's own: the printed token is an access, the named pool is there, and a second run makes
// nothing but another token.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ENGINES, Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import { Client } from 'pg';
import { ROOT } from './house/source-files';
import { openTestStore, type TestStore } from './stack';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store?.close());

function seed(...args: string[]) {
  const tsx = join(ROOT, 'node_modules/.bin/tsx');
  const env = { ...process.env, BERTH_STORE_URL: store.url };
  return promisify(execFile)(tsx, [join(ROOT, 'prisma/seed.ts'), ...args], { cwd: ROOT, env });
}

const tokenIn = (stdout: string) => /^(berth_\w+)$/m.exec(stdout)?.[1] ?? '';
const MADE = {
  teams: ['first'],
  projects: ['default'],
  environments: ['development', 'production'],
  plans: ENGINES.flatMap(() => ['large', 'small']).sort(),
  pools: ENGINES.flatMap((engine) => [`${engine}-development`, `${engine}-production`]).sort(),
};

test('prints a token that the store knows by its hash, and a pool to register servers in; twice makes no second row', async () => {
  const client = new Client({ connectionString: store.url });
  await client.connect();
  const rows = async (sql: string) => (await client.query(sql)).rows;
  const made = async () => {
    const names = Object.keys(MADE).map((table) => `ARRAY(SELECT name FROM ${table} ORDER BY name) AS ${table}`);
    return (await rows(`SELECT ${names.join(', ')}`))[0];
  };
  const scopesOf = async (stdout: string) =>
    rows(`SELECT scopes FROM accesses WHERE secret_hash = '${hashToken(new Secret(tokenIn(stdout)))}'`);
  const all = [{ scopes: ['public', 'admin', 'credentials', 'operator'] }];

  const { stdout: first } = await seed();
  expect(await made()).toEqual(MADE);
  expect(await scopesOf(first)).toEqual(all);
  const [, pool = ''] = /"pool": "([\w-]+)"/.exec(first) ?? [];
  expect(await rows(`SELECT engine FROM pools WHERE name = '${pool}'`)).toEqual([{ engine: 'postgresql' }]);

  const { stdout: second } = await seed();
  expect(second).toContain('Made: an access of team first with all scopes.\n');
  expect(await made()).toEqual(MADE);
  expect([await scopesOf(first), await scopesOf(second)]).toEqual([all, all]);
  await client.end();
});

test('an option is refused and --help answered, and neither makes a token', async () => {
  const client = new Client({ connectionString: store.url });
  await client.connect();
  const tokens = async () => (await client.query('SELECT count(*) FROM accesses')).rows;
  const before = await tokens();
  const [help, refused] = await Promise.all([seed('--help'), seed('--fast').catch((error: unknown) => error)]);
  expect(help).toMatchObject({ stdout: expect.stringMatching(/^npm run seed\n[\s\S]*BERTH_STORE_URL/) });
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no options: "--fast"') });
  expect(help.stdout + String(Reflect.get(Object(refused), 'stderr'))).not.toMatch(/berth_\w/);
  expect(await tokens()).toEqual(before);
  await client.end();
});
