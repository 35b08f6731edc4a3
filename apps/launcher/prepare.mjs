// Makes a fresh clone ready to run: third-party packages, the Prisma client, one bundle per app. Run first by every npm
// script, so it must need nothing but Node, be done in a moment when nothing changed, and bear two runs at once.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const NODE_MIN = [20, 19];
const INSTALLED = join(root, 'node_modules/.berth-installed');
const GENERATED = join(root, 'packages/store/src/generated');
const BUNDLED = join(root, 'dist/.bundled');
const LOCK_WAIT_S = 900;

/** A failure with what to do about it. */
class PrepareError extends Error {
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

await main();

async function main() {
  try {
    checkNode();
    if (isAllDone()) return;
    const unlock = lock();
    if (!isInstalled()) await step('installing third-party packages (npm ci)', install);
    if (!isGenerated()) await step('generating the Prisma client', generate);
    if (!isBundled()) await step('bundling the apps', bundle);
    unlock();
  } catch (error) {
    const advice = error.advice ?? adviceFor(String(error.message));
    process.stderr.write(`\nberth: ${error.message}\n${advice ? `What to do: ${advice}\n` : ''}`);
    process.exit(error.exitCode ?? 1);
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  throw new PrepareError(
    `this is Node ${process.versions.node}, and Berth needs ${NODE_MIN.join('.')} or later`,
    'install a current Node, then run the same command again.',
  );
}

function isAllDone() {
  return isInstalled() && isGenerated() && isBundled();
}

async function step(name, deed) {
  const started = performance.now();
  process.stderr.write(`berth: ${name} … `);
  await deed();
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

// --- third-party packages ---

function isInstalled() {
  const wanted = hashOf(read('package-lock.json'));
  if (read(INSTALLED) === wanted) return true;
  if (!holdsWhatLockLists()) return false;
  fs.writeFileSync(INSTALLED, wanted);
  return true;
}

// Somebody ran npm himself: npm leaves a list of what it put there.
function holdsWhatLockLists() {
  const has = JSON.parse(read('node_modules/.package-lock.json') || '{}').packages;
  if (!has) return false;
  return Object.entries(JSON.parse(read('package-lock.json')).packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return true; // our own packages are links
    if (has[path]) return has[path].version === wanted.version && (wanted.link || fs.existsSync(join(root, path)));
    return wanted.optional === true || wanted.devOptional === true || wanted.peer === true;
  });
}

async function install() {
  fs.rmSync(INSTALLED, { force: true });
  try {
    await npmCi('--prefer-offline'); // what npm's cache knows need not be asked again: a fifth less work
  } catch (error) {
    if (!error.message.includes('ETARGET')) throw error;
    await npmCi('--prefer-online'); // the cache is older than the lock file
  }
  fs.writeFileSync(INSTALLED, hashOf(read('package-lock.json')));
}

async function npmCi(cacheFlag) {
  // No package here needs its install script; some would download from elsewhere.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-fund', '--no-audit', cacheFlag];
  const cli = process.env.npm_execpath ?? '';
  const isNpm = cli.endsWith('npm-cli.js');
  await run(isNpm ? process.execPath : 'npm', [...(isNpm ? [cli] : []), ...args, '--loglevel=error']);
}

// --- the Prisma client ---

function schemaHash() {
  const { version } = JSON.parse(read('package-lock.json')).packages['node_modules/prisma'];
  return hashOf(read('prisma/schema.prisma') + version);
}

function isGenerated() {
  return !read('prisma/schema.prisma') || read(join(GENERATED, '.schema-hash')) === schemaHash();
}

async function generate() {
  // `generate` asks for the path of Prisma's schema engine and never calls it. Without this it would download one.
  const env = {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  await run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], env);
  fs.writeFileSync(join(GENERATED, '.schema-hash'), schemaHash());
}

// --- the bundles ---

/** Every process: its name in dist/ and the file it starts at. */
function entryPoints() {
  const entries = {};
  for (const app of fs.readdirSync(join(root, 'apps'))) {
    if (fs.existsSync(join(root, 'apps', app, 'src/main.ts'))) entries[app] = join('apps', app, 'src/main.ts');
  }
  for (const command of ['start', 'demo', 'bench', 'bare-server']) {
    const file = join('apps/launcher/src', `${command}.ts`);
    if (fs.existsSync(join(root, file))) entries[`launcher/${command}`] = file;
  }
  return entries;
}

function isBundled() {
  return read(BUNDLED) === sourcesHash();
}

function sourcesHash() {
  const seen = [read(INSTALLED), read(join(GENERATED, '.schema-hash'))];
  const look = (folder) => {
    for (const entry of fs.readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== 'generated') look(path);
      else if (/\.(ts|tsx|mjs|json|sql|prisma)$/.test(entry.name) && !entry.name.endsWith('.test.ts')) {
        const { size, mtimeMs } = fs.statSync(join(root, path));
        seen.push(`${path} ${size} ${mtimeMs}`);
      }
    }
  };
  for (const folder of ['apps', 'packages', 'prisma']) look(folder);
  return hashOf(seen.join('\n'));
}

async function bundle() {
  const hash = sourcesHash();
  const { build } = await import(join(root, 'node_modules/esbuild/lib/main.js'));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: entryPoints(),
    outdir: 'dist',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    external: thirdParties(),
    logLevel: 'error',
  });
  for (const file of outputFiles) {
    fs.mkdirSync(dirname(file.path), { recursive: true });
    fs.writeFileSync(`${file.path}.new`, file.contents);
    fs.renameSync(`${file.path}.new`, file.path); // a process that restarts just now reads the old one or the new one
  }
  removeStale(new Set(outputFiles.map((file) => file.path)));
  fs.writeFileSync(BUNDLED, hash);
}

function thirdParties() {
  const names = new Set();
  for (const folder of ['packages', 'apps']) {
    for (const name of fs.readdirSync(join(root, folder))) {
      const manifest = JSON.parse(read(join(folder, name, 'package.json')) || '{}');
      for (const each of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) names.add(each);
    }
  }
  return [...names].filter((name) => !name.startsWith('@berth/'));
}

function removeStale(wanted) {
  for (const folder of ['dist', 'dist/launcher']) {
    const names = fs.existsSync(join(root, folder)) ? fs.readdirSync(join(root, folder)) : [];
    for (const path of names.map((name) => join(root, folder, name))) {
      if (/\.js(\.map)?(\.new)?$/.test(path) && !wanted.has(path)) fs.rmSync(path);
    }
  }
}

// --- what the steps stand on ---

function run(program, args, env = {}) {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...homeIfUnset(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  child.stderr.on('data', (chunk) => said.push(chunk));
  return new Promise((fulfil, reject) => {
    child.once('error', (error) => reject(new PrepareError(`${program} cannot be started: ${error.message}`)));
    child.once('close', (status, signal) => {
      if (status === 0) return fulfil();
      const lines = Buffer.concat(said).toString('utf8').trim().split('\n');
      const quoted = lines.length > 24 ? [...lines.slice(0, 16), '…', ...lines.slice(-8)] : lines; // reason first, log last
      reject(new PrepareError(`\`${args.join(' ')}\` failed (${signal ?? `status ${status}`}):\n${quoted.join('\n')}`));
    });
  });
}

// With HOME set to nothing npm and Prisma would take this clone for the home and leave folders in it.
function homeIfUnset() {
  if (process.env.HOME) return {};
  try {
    const { homedir } = userInfo();
    fs.accessSync(homedir, fs.constants.W_OK);
    return { HOME: homedir };
  } catch {
    return {}; // a user without a name or without a home that can be written to: then so be it, .gitignore knows them
  }
}

function adviceFor(message) {
  const known = [
    [
      /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|network/i,
      'the npm registry cannot be reached. Check the network and `npm config get registry`, then run the same command again.',
    ],
    [/EACCES|EPERM|EROFS/, `this user must be able to write to ${root} (and to npm's cache). Check who owns it.`],
    [/ENOSPC/, 'the disk is full. Berth needs about 600 MB.'],
    [/in sync/, 'package.json and package-lock.json disagree. Run `npm install` and commit the lock file.'],
    [/E401|E403|E404/, 'the npm registry refused. Check `npm config get registry` and your sign-in there.'],
  ];
  return known.find(([pattern]) => pattern.test(message))?.[1];
}

// Held by the kernel, so it goes when this process does. Where there is no flock(1), two at once are on their own.
function lock() {
  fs.mkdirSync(join(root, 'dist'), { recursive: true });
  const fd = fs.openSync(join(root, 'dist/.lock'), 'a');
  const flock = (...args) => spawnSync('flock', [...args, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  const first = flock('-n');
  if (!first.error && first.status !== 0) {
    process.stderr.write('berth: waiting for another run to finish its preparations …\n');
    if (flock('-w', String(LOCK_WAIT_S)).status !== 0) {
      throw new PrepareError(
        `another run has been preparing for ${LOCK_WAIT_S} s`,
        'end it, then run the same command again.',
      );
    }
  }
  return () => fs.closeSync(fd);
}

function read(path) {
  try {
    return fs.readFileSync(resolve(root, path), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw error;
  }
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}
