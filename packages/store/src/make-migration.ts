// `BERTH_STORE_URL=… npm run migration -- name`: writes the next migration by comparing the last one's schema text with schema.prisma.
// The engine insists on a store to open but reads nothing of it. What Prisma cannot say (CHECKs, partial indexes, composite keys) is then added to its SQL by hand.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiffTarget } from '@prisma/schema-engine-wasm';
import { prismaFolder } from './migrations';
import { withSchemaEngine } from './schema-engine';

async function makeMigration(name: string): Promise<string> {
  const folder = join(prismaFolder(), 'migrations');
  const last = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .at(-1);
  const schema = await readFile(join(prismaFolder(), 'schema.prisma'), 'utf8');
  const next = `${String(Number(last?.slice(0, 4) ?? 0) + 1).padStart(4, '0')}_${name}`;
  const from: DiffTarget =
    last === undefined ? { tag: 'empty' } : target(await readFile(join(folder, last, 'schema.prisma'), 'utf8'));
  const filters = { externalTables: [], externalEnums: [] };
  const diff = await withSchemaEngine(schema, process.env.BERTH_STORE_URL ?? '', (engine) =>
    engine.diff({ from, to: target(schema), script: true, exitCode: null, filters }),
  );
  if (existsSync(join(folder, next))) throw new Error(`${next} exists.`);
  await mkdir(join(folder, next));
  await writeFile(join(folder, next, 'migration.sql'), diff.stdout ?? '');
  await copyFile(join(prismaFolder(), 'schema.prisma'), join(folder, next, 'schema.prisma'));
  return next;
}

function target(content: string): DiffTarget {
  return { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] };
}

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z_]+$/.test(name)) throw new Error('Usage: npm run migration -- name_in_snake_case');
void makeMigration(name).then((made) =>
  process.stdout.write(`Made prisma/migrations/${made}; read it and add what Prisma cannot say.\n`),
);
