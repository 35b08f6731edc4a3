// Makes a database that nobody but its own logins can enter: MongoDB opens none to anybody, but keeps roles of databases that
// are gone.
import { PlatformError } from '@berth/core';
import type { DatabaseFacts, DatabaseRef, DatabaseSpec } from '../contract';
import { type Admin, MAJORITY, run, runUnless } from './admin';
import { DUPLICATE_KEY, NAMESPACE_EXISTS } from './errors';
import { DATABASES, PLACEHOLDER, REGISTRY, registryKeyOf } from './names';
import { giveBackOthers } from './others';
import { observeDatabase, refuseForeign, unmarkShut } from './ownership';
import { isDatabaseName } from './rules';
import { stripDatabase } from './strip-database';

/** Makes the database, or puts right what is there. Safe to repeat at any point where an earlier run may have died. */
export async function ensureDatabase(admin: Admin, database: DatabaseSpec): Promise<DatabaseFacts> {
  if (!isDatabaseName(database.name)) {
    throw new PlatformError('engine_refused', `MongoDB has no database with a name like "${database.name}"`);
  }
  if (database.charset !== undefined || database.collation !== undefined) {
    throw new PlatformError(
      'charset_refused',
      'A database of MongoDB has no character set and no collation of its own',
    );
  }
  const ownership = await observeDatabase(admin, database);
  refuseForeign(ownership, `The database "${database.name}"`);
  if (ownership === 'free') {
    await stripDatabase(admin, database.name); // of one that was dropped by hand: its roles would open this one
    await ensureMarked(admin, database);
  }
  await unmarkShut(admin, database);
  await ensurePlaceholder(admin, database.name);
  if (ownership === 'ours') await giveBackOthers(admin, database);
  return factsOf(admin, database);
}

/** Written down before it is made. Throws `taken_on_server` when somebody else wrote that name down meanwhile. */
export async function ensureMarked(admin: Admin, { id, name }: DatabaseRef): Promise<void> {
  const documents = [{ _id: registryKeyOf(name), name, id }];
  const isThere = await runUnless(admin, DUPLICATE_KEY, REGISTRY, { insert: DATABASES, documents, ...MAJORITY });
  if (isThere) refuseForeign(await observeDatabase(admin, { id, name }), `The database "${name}"`);
}

/** A database without a collection does not exist. Not there is what its owner may make of it again. */
export async function ensurePlaceholder(admin: Admin, name: string): Promise<void> {
  await runUnless(admin, NAMESPACE_EXISTS, name, { create: PLACEHOLDER, ...MAJORITY });
}

/** MongoDB keeps text as UTF-8, and compares it by bytes unless a collection says otherwise. */
async function factsOf(admin: Admin, { name }: DatabaseRef): Promise<DatabaseFacts> {
  const { storageSize, indexSize } = await run(admin, name, { dbStats: 1 });
  return { charset: 'UTF-8', collation: 'simple', sizeBytes: Number(storageSize) + Number(indexSize) };
}
