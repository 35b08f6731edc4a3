// Makes a database that nobody but its own logins can enter, under a name that no grant was left on.
import { codeOf, PlatformError } from '@berth/core';
import type { DatabaseFacts, DatabaseRef, DatabaseSpec } from '../contract';
import { type Admin, isDatabase, keptName } from './admin';
import { clearDatabaseName } from './clean-names';
import { enableEvents } from './events';
import { giveBackOthers } from './others';
import { observeDatabaseRow, refuseForeign } from './ownership';
import { quoteName, quoteText } from './quote';
import { listSizes } from './sizes';
import { eraseThing, forgetKept, writeThing } from './store';

/**
 * Makes the database, or opens again what was shut: its logins get their grants by `ensureGrant`, its events go on. Safe to
 * repeat. Throws `taken_on_server` when the name is foreign, or somebody else was given a grant on it,
 * `charset_refused`.
 */
export async function ensureDatabase(admin: Admin, database: DatabaseSpec): Promise<DatabaseFacts> {
  quoteName(database.name); // throws for a name that cannot be, before it is written down
  const row = await observeDatabaseRow(admin, database);
  refuseForeign(row.ownership, `The database "${database.name}"`);
  const kept = keptName(admin, database.name);
  if (!row.exists) {
    // one that its owner dropped keeps its grants; any other name has to be clean
    if (row.thing === null || row.thing.state === 'making') await clearDatabaseName(admin, database);
    await writeThing(admin, 'database', kept, { id: database.id, state: 'making' });
    await makeDatabase(admin, database);
  }
  if (!row.exists || row.thing?.state !== 'open') {
    await giveBackOthers(admin, database);
    await enableEvents(admin, database);
    await forgetKept(admin, 'holders', database.id);
    await writeThing(admin, 'database', kept, { id: database.id, state: 'open' });
  }
  return factsOf(admin, database);
}

/** A collation by itself says of which character set it is. What the server does not have is struck out again. */
async function makeDatabase(admin: Admin, database: DatabaseSpec): Promise<void> {
  const { collation, charset = collation === undefined ? 'utf8mb4' : undefined } = database;
  const wishes = [
    ...(charset === undefined ? [] : [`CHARACTER SET ${quoteText(charset)}`]),
    ...(collation === undefined ? [] : [`COLLATE ${quoteText(collation)}`]),
  ];
  try {
    await admin.main.query(`CREATE DATABASE ${quoteName(database.name)} ${wishes.join(' ')}`);
  } catch (error) {
    if (codeOf(error) === 'charset_refused') {
      await eraseThing(admin, 'database', keptName(admin, database.name), database.id);
    }
    throw error;
  }
}

async function factsOf(admin: Admin, database: DatabaseRef): Promise<DatabaseFacts> {
  const [row] = await admin.main.query<{ charset: string; collation: string }>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE ${isDatabase(admin, 'schema_name', database.name)}`,
  );
  if (!row) throw new PlatformError('engine_refused', `The database "${database.name}" vanished while it was made`);
  const sizes = await listSizes(admin, isDatabase(admin, 'table_schema', database.name));
  return { ...row, sizeBytes: sizes.get(keptName(admin, database.name)) ?? 0 };
}
