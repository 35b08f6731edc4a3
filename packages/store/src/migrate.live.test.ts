// A store is brought up to date once, by one of many, or not touched; and what was left half done is said, not hidden.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Secret } from '@berth/core';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import { migrate } from './migrate';
import { listMigrations, prismaFolder } from './migrations';

let testStore: TestStore;
let client: Client;

beforeEach(async () => {
  testStore = await openTestStore();
  client = new Client({ connectionString: testStore.url });
  await client.connect();
});
afterEach(async () => {
  await client?.end();
  await testStore?.close();
});

const empty = () => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
const names = async () => (await listMigrations()).map((migration) => migration.name);

/** Everything that stands in the schema, as the catalog describes it. */
async function schemaText(): Promise<unknown[]> {
  const sql = `
    SELECT 'column' AS what, table_name || '.' || column_name AS name,
      concat_ws(' ', udt_name, is_nullable, column_default) AS text FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3`;
  return (await client.query(sql)).rows;
}

describe('apply', () => {
  it('makes of an empty database what every store is, names what it applied, and finds nothing to do again', async () => {
    const wanted = await schemaText();
    await empty();
    expect(await migrate(testStore.secretUrl, 'apply')).toEqual(await names());
    expect(await schemaText()).toEqual(wanted);
    expect(await migrate(testStore.secretUrl, 'apply')).toEqual([]);
    expect(await migrate(testStore.secretUrl, 'refuse')).toEqual([]);
  });

  it('five at once on an empty database: one applies, all go on', async () => {
    await empty();
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(testStore.secretUrl, 'apply')));
    expect(applied.filter((each) => each.length > 0)).toEqual([await names()]);
    const ledger = await client.query('SELECT migration_name FROM _prisma_migrations');
    expect(ledger.rows).toHaveLength((await names()).length);
  });

  it('waits for another process that is in the middle of a migration, and takes its work for done', async () => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', ['berth migrations']);
    await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
    const waiting = migrate(testStore.secretUrl, 'apply');
    const sql = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
    const seen = await Promise.race([
      eventually(async () => (await client.query(sql)).rows.length > 0, { what: 'it to wait' }),
      waiting,
    ]);
    expect(seen).toBe(true);
    await client.query('UPDATE _prisma_migrations SET finished_at = now()');
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', ['berth migrations']);
    expect(await waiting).toEqual([]);
  });

  it('keeps the ledger that `prisma migrate deploy` reads: the same checksums, all finished', async () => {
    await empty();
    await migrate(testStore.secretUrl, 'apply');
    const { rows } = await client.query(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS done, applied_steps_count AS steps
       FROM _prisma_migrations ORDER BY migration_name`,
    );
    const wanted = (await listMigrations()).map(({ name, sql }) => {
      return { name, checksum: createHash('sha256').update(sql).digest('hex'), done: true, steps: 1 };
    });
    expect(rows).toEqual(wanted);
  });
});

describe('refuse', () => {
  it('names what an empty database lacks, and changes nothing', async () => {
    await empty();
    const refused = migrate(testStore.secretUrl, 'refuse');
    await expect(refused).rejects.toMatchObject({
      code: 'store_behind',
      message: expect.stringContaining((await names()).join(', ')),
    });
    expect(await schemaText()).toEqual([]);
  });
});

describe('a migration that was left half applied', () => {
  it.each(['apply', 'refuse'] as const)('is said and not touched (%s)', async (how) => {
    await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
    const before = await schemaText();
    const [name] = await names();
    await expect(migrate(testStore.secretUrl, how)).rejects.toMatchObject({
      code: 'store_behind',
      message: expect.stringContaining(name ?? ''),
    });
    expect(await schemaText()).toEqual(before);
  });

  it('of a newer Berth is one too', async () => {
    await client.query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '9999_newer')`);
    await expect(migrate(testStore.secretUrl, 'apply')).rejects.toMatchObject({
      code: 'store_behind',
      message: expect.stringContaining('9999_newer'),
    });
  });

  it('is left by one that fails, which is said with its cause, and said again', async () => {
    await empty();
    await client.query('CREATE SEQUENCE deliveries START 42'); // bars the way of the migration near its end
    const failed: unknown = await migrate(testStore.secretUrl, 'apply').catch((error) => error);
    expect(failed).toMatchObject({ code: 'store_behind' });
    expect(String(failed instanceof Error ? failed.cause : '')).toContain('deliveries');
    expect(String(failed)).toMatch(/could not be applied: .*"deliveries" already exists/);
    await expect(migrate(testStore.secretUrl, 'apply')).rejects.toMatchObject({ code: 'store_behind' });
    expect((await client.query(`SELECT nextval('deliveries')`)).rows).toEqual([{ nextval: '42' }]);
  });
});

test.each([
  ['is down', (url: URL) => url.href.replace(`:${url.port}/`, ':1/'), /reached: ECONNREFUSED\.$/],
  ['refuses the login', (url: URL) => url.href, /reached: password authentication failed for user "postgres"\.$/],
  ['has another name', ({ port }: URL) => `postgres://berth:wrong-/horse@127.0.0.1:${port}/berth`, /Percent-encode/],
  ['is no URL', () => 'postgres://berth:wrong-horse@[/berth', /Percent-encode/],
])('a store that %s is unreachable, with the reason, and the URL is not repeated', async (_what, change, reason) => {
  const url = new URL(testStore.url);
  url.password = 'wrong-horse';
  const error: unknown = await migrate(new Secret(change(url)), 'apply').catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'store_unreachable', message: expect.stringMatching(reason) });
  expect(inspect(error)).not.toMatch(/wrong-|horse/);
});

test('a role that may make nothing in the store is told so', async () => {
  await empty();
  const role = `lesser_${new URL(testStore.url).pathname.slice(1)}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'known'; GRANT USAGE ON SCHEMA public TO ${role}`);
  const lesser = new URL(testStore.url);
  [lesser.username, lesser.password] = [role, 'known'];
  try {
    const message = expect.stringContaining('could not be applied: permission denied for schema public. The store');
    await expect(migrate(new Secret(lesser.href), 'apply')).rejects.toMatchObject({ code: 'store_behind', message });
  } finally {
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('the schema beside the last migration is schema.prisma, so that the next one is made from where it ends', async () => {
  const last = (await names()).at(-1) ?? '';
  const beside = await readFile(join(prismaFolder(), 'migrations', last, 'schema.prisma'), 'utf8');
  expect(beside).toBe(await readFile(join(prismaFolder(), 'schema.prisma'), 'utf8'));
});

test('no session is left on the store', async () => {
  await empty();
  await migrate(testStore.secretUrl, 'apply');
  const sql =
    'SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
  await eventually(async () => (await client.query(sql)).rows.length === 0, { what: 'the sessions to end' });
});
