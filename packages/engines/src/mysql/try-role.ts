// Tries from inside a login's own session what its role may do, and what it may not. What it makes it drops.
import { codeOf, type Role } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import { checkFailed, NOT_TRIED, tryInside } from '../prove-by-knocking';
import { type Admin, isDatabase } from './admin';
import type { Connection } from './connect';
import { listPrivileges } from './ensure-grant';
import { ERRNO, errnoOf } from './errors';
import { checkTableOf } from './names';
import { isRole } from './privileges';
import { quoteFound, quoteName } from './quote';

/** Throws `login_check_failed`, or why it could not be tried. A session that is ended by its own kind is no server that is gone. */
export async function tryRole(
  admin: Admin,
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<EntryEvidence> {
  return tryInside(
    async () => {
      await demandRole(admin, inside, database, login, role);
      const table = checkTableOf(login.id);
      await dropLeft(admin, database, table);
      const seen =
        role === 'owner' ? await writeAndRead(inside, table) : await tryLesser(admin, inside, database, table, role);
      return { login: login.name, role, ...seen, lacks: null, details: {} };
    },
    () => admin.main.query('SELECT 1'),
  );
}

/** By its grants, and by the account that the server takes it for. */
async function demandRole(
  admin: Admin,
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<void> {
  const given = await listPrivileges(admin, database, login);
  if (!isRole(role, given))
    throw checkFailed(`"${login.name}" does not have the role ${role}, but ${given.join(', ')}`);
  const [who] = await inside.query<{ current: string }>('SELECT CURRENT_USER() AS current');
  if (who?.current !== `${login.name}@%`) throw checkFailed(`"${login.name}" is taken for "${who?.current}"`);
}

/** Of a proof that ended between making and dropping: no transaction takes back what makes a table here. */
async function dropLeft(admin: Admin, database: DatabaseRef, table: string): Promise<void> {
  const [left] = await admin.main.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE ${isDatabase(admin, 'table_schema', database.name)} AND table_name = '${table}'`,
  );
  if (left) await admin.main.query(`DROP TABLE IF EXISTS ${quoteName(database.name)}.${table}`);
}

/** What was tried of a role. */
type Tried = Pick<EntryEvidence, 'can_make' | 'can_write' | 'can_read' | 'tried_on'>;

async function writeAndRead(inside: Connection, table: string): Promise<Tried> {
  await inside.query(`CREATE TABLE ${table} (written VARCHAR(64))`);
  try {
    await inside.query(`INSERT INTO ${table} VALUES ('${table}')`);
    const [read] = await inside.query<{ written: string }>(`SELECT written FROM ${table}`);
    if (read?.written !== table) throw checkFailed('What was written was not read back');
  } finally {
    await inside.query(`DROP TABLE ${table}`);
  }
  return { can_make: true, can_write: true, can_read: true, tried_on: null };
}

/** EXPLAIN asks for the rights of what it explains, and does nothing: no row is touched, no trigger runs. */
async function tryLesser(
  admin: Admin,
  inside: Connection,
  database: DatabaseRef,
  check: string,
  role: Exclude<Role, 'owner'>,
): Promise<Tried> {
  await demandRefused(inside, `CREATE TABLE ${check} (written VARCHAR(64))`, 'made a table');
  await demandRefused(inside, `CREATE TEMPORARY TABLE ${check} (written VARCHAR(64))`, 'made a temporary table');
  const [found] = await admin.main.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE ${isDatabase(admin, 'table_schema', database.name)} AND table_type = 'BASE TABLE' ORDER BY 1 LIMIT 1`,
  );
  if (found === undefined) return { can_make: false, can_write: null, can_read: null, tried_on: null };
  const table = quoteFound(found.name);
  await inside.query(`EXPLAIN SELECT 1 FROM ${table}`);
  for (const statement of [`EXPLAIN INSERT INTO ${table} () VALUES ()`, `EXPLAIN DELETE FROM ${table}`]) {
    if (role === 'readonly') await demandRefused(inside, statement, `may write to ${found.name}`);
    else await demandRight(inside, statement);
  }
  return { can_make: false, can_write: role === 'readwrite', can_read: true, tried_on: found.name };
}

const REFUSALS: ReadonlySet<number> = new Set([ERRNO.tableRefused, ERRNO.columnRefused, ERRNO.databaseRefused]);

/** Throws `login_check_failed` where the statement is done, or refused for another reason than want of right. */
async function demandRefused(inside: Connection, sql: string, what: string): Promise<void> {
  try {
    await inside.query(sql);
  } catch (error) {
    if (REFUSALS.has(errnoOf(error) ?? 0)) return;
    throw error;
  }
  throw checkFailed(`A login that may not ${what}`);
}

/** A table may refuse a row without values; then the right to ask was there. */
async function demandRight(inside: Connection, sql: string): Promise<void> {
  try {
    await inside.query(sql);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null || REFUSALS.has(errno) || NOT_TRIED.has(codeOf(error))) throw error;
  }
}
