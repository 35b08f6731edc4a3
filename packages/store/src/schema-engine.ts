// Prisma's own migration engine, compiled to WebAssembly, because the native one is a download. One engine per process.
// Never call reset, devDiagnostic or a diff from `migrations`: with this adapter the shadow database is the real one.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import { Pool } from 'pg';

const PACKAGE = '@prisma/schema-engine-wasm/schema_engine_bg';

/**
 * Opens the engine over one store, for the length of `work`, and closes its connections. `schema` is the text of
 * schema.prisma.
 */
export async function withSchemaEngine<T>(
  schema: string,
  connectionString: string,
  work: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  loading ??= loadEngine();
  const { SchemaEngine: Engine } = await loading;
  const pool = new Pool({ connectionString, application_name: 'berth migrate', max: 2 });
  pool.on('error', () => {}); // an idle connection that is lost; the statement that needs one says so
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool));
  try {
    const engine = await Engine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter);
    return await work(engine).finally(() => engine.free());
  } finally {
    await pool.end();
  }
}

/** The one exception to "no module-level state": the package keeps its instance in a module, and a second one breaks it. */
let loading: ReturnType<typeof loadEngine> | null = null;

async function loadEngine() {
  const engine = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = await readFile(join(dirname(require.resolve(PACKAGE)), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': withIdleTimers(engine) });
  engine.__wbg_set_wasm(instance.exports);
  const start = instance.exports.__wbindgen_start;
  if (typeof start === 'function') start();
  return engine;
}

/** The engine sets a ten-second limit on its migration lock and never clears it: it must not keep a process alive. */
function withIdleTimers(engine: object): Record<string, unknown> {
  const idle =
    (setTimer: (...args: unknown[]) => { unref?(): unknown }) =>
    (...args: unknown[]) => {
      const timer = setTimer(...args);
      timer.unref?.();
      return timer;
    };
  return Object.fromEntries(
    Object.entries(engine).map(([name, value]) => [name, name.startsWith('__wbg_setTimeout_') ? idle(value) : value]),
  );
}
