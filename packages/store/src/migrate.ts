// Brings a store up to the schema, under an advisory lock, or says what is missing. Safe to repeat and to race.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError, type Secret } from '@berth/core';
import { Client } from 'pg';
import { listMigrations, type Migration, prismaFolder } from './migrations';
import { reasonOf } from './reason';
import { withSchemaEngine } from './schema-engine';

const LOCK = 'berth migrations';

/**
 * Applies missing migrations and returns their names, oldest first (empty when the store is up to date). With `refuse`
 * it changes nothing and throws `store_behind` naming them. Throws `store_behind` too when one failed half-way before.
 */
export async function migrate(url: Secret, how: 'apply' | 'refuse'): Promise<string[]> {
  const client = await connect(url);
  try {
    const migrations = await listMigrations();
    const before = await look(client, migrations);
    if (before.half === null && before.missing.length === 0) return [];
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [LOCK]);
    const { half, missing } = await look(client, migrations); // who held the lock may have finished what was half done
    if (half !== null) {
      throw new PlatformError(
        'store_behind',
        `Migration ${half} was begun and not finished. Look at _prisma_migrations in the store.`,
      );
    }
    const names = missing.map((migration) => migration.name);
    if (names.length === 0) return [];
    if (how === 'refuse') {
      throw new PlatformError(
        'store_behind',
        `The store lacks ${names.length} migration(s): ${names.join(', ')}. ` +
          'Apply them by starting one process with BERTH_MIGRATE=apply.',
      );
    }
    await apply(url, migrations);
    return names;
  } finally {
    await client.end(); // ends the lock as well
  }
}

async function connect(url: Secret): Promise<Client> {
  try {
    const client = new Client({ connectionString: url.reveal(), application_name: 'berth migrate' });
    client.on('error', () => {}); // a lost connection also fails the query in flight, which is where it is handled
    await client.connect();
    return client;
  } catch (error) {
    const message = `The store (BERTH_STORE_URL) cannot be reached: ${reasonOf(error)}`;
    // Node keeps the whole URL beside an error of reading one
    const isUrlTold = error instanceof Error && 'input' in error;
    throw new PlatformError('store_unreachable', message, isUrlTold ? {} : { cause: error });
  }
}

interface Seen {
  /** A migration that was begun and not finished: by a process that died, or that is at it now. */
  half: string | null;
  missing: Migration[];
}

/** Reads Prisma's own ledger, so that `prisma migrate deploy` and this file agree about what was applied. */
async function look(client: Client, migrations: Migration[]): Promise<Seen> {
  const ledger = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  if (ledger.rows[0]?.there !== true) return { half: null, missing: migrations };
  const { rows } = await client.query<{ migration_name: string; done: boolean }>(
    `SELECT migration_name, finished_at IS NOT NULL AS done FROM _prisma_migrations
     WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  );
  const done = new Set(rows.filter((row) => row.done).map((row) => row.migration_name));
  return {
    half: rows.find((row) => !row.done)?.migration_name ?? null,
    missing: migrations.filter((migration) => !done.has(migration.name)),
  };
}

async function apply(url: Secret, migrations: Migration[]): Promise<void> {
  const schema = await readFile(join(prismaFolder(), 'schema.prisma'), 'utf8');
  const migrationsList = {
    baseDir: join(prismaFolder(), 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
  const filters = { externalTables: [], externalEnums: [] };
  try {
    await withSchemaEngine(schema, url.reveal(), (engine) => engine.applyMigrations({ migrationsList, filters }));
  } catch (error) {
    throw new PlatformError(
      'store_behind',
      `A migration could not be applied: ${reasonOf(error)} The store is as the last whole one left it.`,
      { cause: error },
    );
  }
}
