// The migrations on disk, in the order of their names. Each folder keeps the schema's text beside its SQL, so that the
// next one can be made from two texts, without asking a database.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Migration {
  name: string;
  sql: string;
}

/** The repository's `prisma` folder, found upwards from this file (or from the bundle it is in). */
export function prismaFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'prisma', 'migrations'))) return join(folder, 'prisma');
  }
  throw new Error(`No folder prisma/migrations above ${__dirname}: deploy it beside the bundles.`);
}

/** All migrations, oldest first. */
export async function listMigrations(): Promise<Migration[]> {
  const folder = join(prismaFolder(), 'migrations');
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const sorted = names.map((entry) => entry.name).sort();
  return Promise.all(
    sorted.map(async (name) => ({ name, sql: await readFile(join(folder, name, 'migration.sql'), 'utf8') })),
  );
}
