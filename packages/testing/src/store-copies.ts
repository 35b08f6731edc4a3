// A copy of a store as an operator's backup makes it: by pg_dump and pg_restore where they are installed, whatever their
// version, and by the server itself elsewhere.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Secret } from '@berth/core';
import { migrate } from '@berth/store';
import { withClient } from './journey';
import { openTestStore, type TestStore, testServers } from './stack';
import { debianBinaries, openTestPostgresql } from './test-postgresql';

export interface CopiedStore {
  /** How it is copied, for the name of a test. */
  way: string;
  /** The store, on a server that the tools can read: pg_dump refuses a newer one. */
  open(): Promise<TestStore>;
  /** Takes a backup now. */
  backUp(store: TestStore): Promise<Backup>;
}

export interface Backup {
  /** Puts it into a fresh database beside the store, once, and returns its URL. */
  restore(): Promise<string>;
  /** Drops the fresh database. */
  remove(): Promise<void>;
}

/** The oldest major version of Debian's tools that is looked for, and the newest. */
const MAJORS = [18, 17, 16, 15];

/** Chooses by what is installed. */
export function chooseCopy(): CopiedStore {
  const major = MAJORS.find(
    (each) => debianBinaries(each) !== null && existsSync(`/usr/lib/postgresql/${each}/bin/pg_dump`),
  );
  if (major === undefined) return { way: 'CREATE DATABASE … TEMPLATE', open: openTestStore, backUp: byTemplate };
  const folder = `/usr/lib/postgresql/${major}/bin`;
  return { way: `pg_dump ${major}`, open: () => openStoreOn(major), backUp: (store) => byDump(folder, store) };
}

async function openStoreOn(major: number): Promise<TestStore> {
  const server = await openTestPostgresql(debianBinaries(major) ?? undefined);
  const url = server.url('berth').reveal();
  await withClient(server.url().reveal(), (client) => client.query('CREATE DATABASE berth'));
  await migrate(new Secret(url), 'apply');
  return { url, secretUrl: new Secret(url), name: 'berth', close: server.close };
}

/** The two commands of docs/operations.md. */
async function byDump(folder: string, { url, name }: TestStore): Promise<Backup> {
  const home = await mkdtemp(join(tmpdir(), 'berth-backup-'));
  const file = join(home, 'store.dump');
  await promisify(execFile)(join(folder, 'pg_dump'), [
    '--format=custom',
    '--exclude-schema=bullmq',
    `--file=${file}`,
    url,
  ]);
  const fresh = await freshBeside(url, name);
  return {
    async restore() {
      await withClient(url, (client) => client.query(`CREATE DATABASE "${fresh.name}"`));
      const options = ['--exit-on-error', '--no-owner', `--dbname=${fresh.url}`];
      await promisify(execFile)(join(folder, 'pg_restore'), [...options, file]);
      return fresh.url;
    },
    async remove() {
      await fresh.drop();
      await rm(home, { recursive: true });
    },
  };
}

async function byTemplate({ url, name }: TestStore): Promise<Backup> {
  const fresh = await freshBeside(url, name);
  const elsewhere = testServers().storeUrl; // a template may have no session inside: those that are idle are ended
  await withClient(elsewhere, async (client) => {
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await client.query(`CREATE DATABASE "${fresh.name}" TEMPLATE "${name}"`);
  });
  return { restore: async () => fresh.url, remove: fresh.drop };
}

async function freshBeside(url: string, name: string) {
  const fresh = new URL(url);
  fresh.pathname = `/${name}_${randomBytes(3).toString('hex')}`;
  const freshName = fresh.pathname.slice(1);
  return {
    name: freshName,
    url: fresh.href,
    drop: () => withClient(url, async (client) => void (await client.query(`DROP DATABASE IF EXISTS "${freshName}"`))),
  };
}
