// Prisma's own migration engine, compiled to WebAssembly, because the native one is a download. One engine per process.
// Never call reset, devDiagnostic or a diff from `migrations`: with this adapter the shadow database is the real one.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';

const PACKAGE = '@prisma/schema-engine-wasm/schema_engine_bg';

/** Opens the engine over one store. `schema` is the text of schema.prisma; `connectionString` may be unused by `diff`. */
export async function openSchemaEngine(schema: string, connectionString: string): Promise<SchemaEngine> {
  loading ??= loadEngine();
  const engine = await loading;
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString }));
  return engine.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter);
}

/** The one exception to "no module-level state": the package keeps its instance in a module, and a second one breaks it. */
let loading: ReturnType<typeof loadEngine> | null = null;

async function loadEngine() {
  const engine = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = await readFile(join(dirname(require.resolve(PACKAGE)), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': engine });
  engine.__wbg_set_wasm(instance.exports);
  const start = instance.exports.__wbindgen_start;
  if (typeof start === 'function') start();
  return engine;
}
