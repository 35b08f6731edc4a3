// Whose a database or login is. Only what Berth wrote down with this id is ours; everything else is left alone by every deed.
import { PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, Ownership } from '../contract';
import { type Admin, isDatabase, keptName } from './admin';
import { listGrantsOn, listRightsOf } from './grants';
import { ANY_HOST, isAccount, isText } from './quote';
import { findThing, type Thing } from './store';

export interface DatabaseRow {
  ownership: Ownership;
  /** Whether it is on the server; one that its owner dropped is not, and may still be written down as ours. */
  exists: boolean;
  /** What is written down under this id; null where nothing is. */
  thing: Thing | null;
  charset: string;
  collation: string;
}

export interface LoginRow {
  ownership: Ownership;
  thing: Thing | null;
}

/** Looks at a database. */
export async function observeDatabaseRow(admin: Admin, database: DatabaseRef): Promise<DatabaseRow> {
  const [row] = await admin.main.query<{ charset: string; collation: string }>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE ${isDatabase(admin, 'schema_name', database.name)}`,
  );
  const found = await findThing(admin, 'database', keptName(admin, database.name));
  const thing = found?.id === database.id ? found : null;
  const facts = { exists: row !== undefined, thing, charset: row?.charset ?? '', collation: row?.collation ?? '' };
  if (row === undefined) return { ...facts, ownership: 'free' };
  const isOurs = thing !== null && (thing.state !== 'making' || (await isUntouched(admin, database)));
  return { ...facts, ownership: isOurs ? 'ours' : 'foreign' };
}

/** Whether it is ours, or was and its owner dropped it: then its grants are alive, and make it again. */
export function isOursOrGone({ ownership, thing }: DatabaseRow): boolean {
  return ownership === 'ours' || (ownership === 'free' && thing !== null && thing.state !== 'making');
}

/** Nothing in it, and nobody let in: as our own CREATE DATABASE leaves it, if it came from there. */
async function isUntouched(admin: Admin, database: DatabaseRef): Promise<boolean> {
  const [row] = await admin.main.query<{ things: number }>(
    `SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE ${isDatabase(admin, 'table_schema', database.name)})
          + (SELECT COUNT(*) FROM information_schema.routines WHERE ${isDatabase(admin, 'routine_schema', database.name)})
          + (SELECT COUNT(*) FROM information_schema.events WHERE ${isDatabase(admin, 'event_schema', database.name)})
            AS things`,
  );
  return Number(row?.things) === 0 && (await listGrantsOn(admin, database.name)).length === 0;
}

/**
 * Looks at a login. Where there are only accounts of its name for some hosts, or a role, the name is somebody else's: from
 * there ours would be taken for theirs. Made later, such an account does not make ours foreign: ours can still be shut.
 */
export async function observeLoginRow(admin: Admin, login: LoginRef): Promise<LoginRow> {
  const accounts = await admin.main.query<{ host: string }>(
    `SELECT Host AS host FROM mysql.user WHERE ${isText('User', login.name)}`,
  );
  const found = await findThing(admin, 'login', login.name);
  const thing = found?.id === login.id ? found : null;
  if (accounts.length === 0) return { ownership: 'free', thing };
  if (!accounts.some(({ host }) => host === ANY_HOST) || thing === null) return { ownership: 'foreign', thing };
  const isOurs = thing.state !== 'making' || (await listRightsOf(admin, isAccount(login.name))).length === 0;
  return { ownership: isOurs ? 'ours' : 'foreign', thing };
}

/** Throws `taken_on_server` unless the name is free or ours. */
export function refuseForeign(ownership: Ownership, what: string): void {
  if (ownership === 'foreign')
    throw new PlatformError('taken_on_server', `${what} exists on the server and is not Berth's`);
}

/** Throws unless the thing is there and ours: `engine_refused` when it is not there, `taken_on_server` when foreign. */
export function demandOurs(ownership: Ownership, what: string): void {
  refuseForeign(ownership, what);
  if (ownership === 'free') throw new PlatformError('engine_refused', `${what} does not exist on the server`);
}
