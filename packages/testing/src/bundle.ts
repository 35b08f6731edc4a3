// Makes a runnable file of a TypeScript entry, with its third parties and a cache of its compiled code: tests start hundreds of
// processes, and finding and compiling packages is most of what a start costs (an api takes 1.0 s of CPU to load, so 0.65).
// Production leaves third parties where npm puts them; the tests of `npm start` and of the demo run that.
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build, stop } from 'esbuild';
import { testServers } from './stack';

export const ROOT = resolve(__dirname, '../../..');

/** What this process is making: journeys that are begun together ask for the same. */
const underWay = new Map<string, Promise<string>>();

/** Ends the process that esbuild keeps, once what is under way is ready: without it that would never be. */
export async function stopBundling(): Promise<void> {
  await Promise.allSettled(underWay.values());
  await stop();
}

/** Bundles `entry` (a path from the repository's root), once in a run, and returns the file to run; it is gone with the run. */
export function bundle(entry: string): Promise<string> {
  const made = underWay.get(entry) ?? make(entry).finally(() => underWay.delete(entry));
  underWay.set(entry, made);
  return made;
}

async function make(entry: string): Promise<string> {
  const folder = bundlesFolder(testServers().home);
  const path = join(folder, entry.replaceAll('/', '-'));
  if (existsSync(`${path}.js`)) return `${path}.js`;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    supported: { 'dynamic-import': false }, // it would want a loader of its own
    external: ['swagger-ui-dist'], // read by the api as files
    logLevel: 'error',
  });
  await mkdir(folder, { recursive: true });
  await place(`${path}.bundle.js`, outputFiles[0]?.text ?? '');
  await place(`${path}.js`, STARTER);
  return `${path}.js`;
}

/** The bundles of a run, whose folder is `home`. In the repository, for they look for the migrations above them. */
export function bundlesFolder(home: string): string {
  return join(ROOT, 'node_modules/.cache/berth-testing', basename(home));
}

/** Whole or not at all: files that run at once may make the same one. */
async function place(path: string, text: string): Promise<void> {
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
}

/** Runs the bundle beside it, from the cache of its code that the first of its processes to end by itself left there. */
const STARTER = `
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { Script } = require('node:vm');
const filename = __filename.replace(/js$/, 'bundle.js');
const cache = __filename.replace(/js$/, 'cache');
let cachedData;
try { cachedData = readFileSync(cache); } catch {}
const script = new Script(Module.wrap(readFileSync(filename, 'utf8')), { filename, cachedData });
if (cachedData === undefined) process.once('exit', () => {
  writeFileSync(cache + process.pid, script.createCachedData());
  renameSync(cache + process.pid, cache);
});
const bundle = new Module(filename, require.main);
const load = Module.createRequire(${JSON.stringify(join(ROOT, 'package.json'))});
script.runInThisContext().call(bundle.exports, bundle.exports, load, bundle, filename, __dirname);
`;
