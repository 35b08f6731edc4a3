// A PostgreSQL data directory: made once by initdb, or copied from a template that was. Whole or not there at all.
import { spawn } from 'node:child_process';
import { chown, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Secret } from '@berth/core';
import type { Binaries } from './binaries';
import { LaunchError } from './launch-error';
import { checkCanRun, type OsUser } from './os-user';
import { PLAIN_PATH, spawnTied } from './tied-process';

/** The administrator of every instance we make. */
export const SUPERUSER = 'postgres';

export interface DataDirectoryOptions {
  /** Where it shall be. The folder above it is made too, and belongs to `user`. */
  path: string;
  binaries: Binaries;
  /** Whom it belongs to; null for ourselves. */
  user: OsUser | null;
  superuserPassword: Secret;
  /** A data directory of a stopped instance with the same password, to be copied (0.1 s) in place of initdb (0.7 s). */
  template?: string;
}

/** Makes the data directory unless it is there. Safe to repeat after being killed at any moment. */
export async function ensureDataDirectory(options: DataDirectoryOptions): Promise<void> {
  if (await stat(options.path).catch(() => null)) return;
  const folder = dirname(options.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (options.user) await chown(folder, options.user.uid, options.user.gid);
  checkCanRun(options.user, options.binaries.postgres);
  const making = `${options.path}.making`;
  await rm(making, { recursive: true, force: true });
  if (options.template) await copyDirectory(options.template, making);
  else await initialise(options, making);
  await rename(making, options.path);
}

async function initialise(options: DataDirectoryOptions, making: string): Promise<void> {
  const passwordFile = join(dirname(options.path), 'initial-password');
  await rm(passwordFile, { force: true });
  await writeFor(options.user, passwordFile, options.superuserPassword.reveal());
  const args = ['--encoding=UTF8', '--locale=C.UTF-8', '--auth=scram-sha-256', '--no-instructions'];
  args.push(`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, `--pgdata=${making}`);
  try {
    await runInitdb(options, args);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** By what was opened, not by its name: the folder is that user's by now, who might put a link to another file there. */
async function writeFor(user: OsUser | null, path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (user) await file.chown(user.uid, user.gid);
  } finally {
    await file.close();
  }
}

function runInitdb(options: DataDirectoryOptions, args: string[]): Promise<void> {
  const child = spawnTied({
    program: options.binaries.initdb,
    args,
    env: { PATH: PLAIN_PATH, LANG: 'C', TZ: 'UTC' },
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    user: options.user,
    onOurDeath: 'INT',
  });
  const said: string[] = [];
  child.stderr?.on('data', (chunk) => said.push(String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) return resolve();
      const message = `initdb could not make ${options.path}: ${said.join('').trim()}`;
      reject(
        new LaunchError('postgresql_failed', message, 'Check that this folder is writable and the disk not full.'),
      );
    });
  });
}

// `cp` keeps owners, modes and holes, and clones where the file system can.
function copyDirectory(from: string, to: string): Promise<void> {
  const child = spawn('cp', ['-Rp', from, to], { env: { PATH: PLAIN_PATH }, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`cp ${from} ${to}: status ${status}`)),
    );
  });
}
