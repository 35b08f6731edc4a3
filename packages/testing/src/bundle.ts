// Makes a runnable file of a TypeScript entry, third parties left out, so that a test's process starts as fast as a
// production one. Kept where npm keeps such things, because its third parties are looked for from there.
import { join, resolve } from 'node:path';
import { build, stop } from 'esbuild';

export const ROOT = resolve(__dirname, '../../..');

/** Ends the process that esbuild keeps. A bundle under way would never be ready: call it when all are. */
export const stopBundling = stop;

/** Bundles `entry` (a path from the repository's root) and returns the file to run. */
export async function bundle(entry: string): Promise<string> {
  const outfile = join(ROOT, 'node_modules/.cache/berth-testing', `${process.pid}-${entry.replaceAll('/', '-')}.js`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: true,
    logLevel: 'error',
    plugins: [
      {
        name: 'third parties stay out',
        setup(plugin) {
          plugin.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@berth/') ? null : { path, external: true },
          );
        },
      },
    ],
  });
  return outfile;
}
