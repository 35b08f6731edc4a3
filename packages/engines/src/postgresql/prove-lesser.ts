// What a writer or a reader must be refused, tried from inside its own session. Nothing of what is tried is kept.
import { randomUUID } from 'node:crypto';
import { codeOf, PlatformError } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import type { Connection } from './connect';
import type { LesserRole } from './lesser-group';
import { groupNameOf } from './names';
import { quoteIdentifier } from './quote';

/** Throws `login_check_failed` when something was let through, or the login acts as somebody else. */
export async function proveLesser(
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: LesserRole,
): Promise<EntryEvidence> {
  const group = groupNameOf(database, role);
  const [who] = await inside.query<{ session: string; current: string; is_member: boolean; has_public: boolean }>(
    `SELECT session_user AS session, current_user AS current, to_regnamespace('public') IS NOT NULL AS has_public,
            EXISTS (SELECT FROM pg_roles WHERE rolname::text = $1 AND pg_has_role(oid, 'USAGE')) AS is_member`,
    [group],
  );
  if (who?.session !== login.name || ![login.name, group].includes(who.current) || !who.is_member) {
    throw new PlatformError(
      'login_check_failed',
      `"${login.name}" acts as "${who?.current}", and not as "${group}" lets it`,
    );
  }
  const refused: string[] = [];
  for (const { what, sql } of triesOf(database, who.has_public)) {
    await expectRefusal(inside, what, sql);
    refused.push(what);
  }
  const table = await findReadTable(inside, role);
  const seen = table === null ? UNTRIED : await tryTable(inside, role, table);
  if (seen.can_write === false && seen.tried_on !== null) refused.push(toWriteTo(seen.tried_on));
  return { login: who.session, role, can_make: false, ...seen, details: { acts_as: who.current, refused } };
}

interface Try {
  what: string;
  sql: string;
}

function triesOf(database: DatabaseRef, hasPublic: boolean): Try[] {
  const unique = `berth_check_${randomUUID().replaceAll('-', '')}`;
  return [
    { what: 'to act as the owners', sql: `SET ROLE ${quoteIdentifier(groupNameOf(database))}` },
    { what: 'to make a schema', sql: `CREATE SCHEMA ${unique}` },
    { what: 'to make a temporary table', sql: `CREATE TEMPORARY TABLE ${unique} (a int)` },
    ...(hasPublic ? [{ what: 'to make a table', sql: `CREATE TABLE public.${unique} (a int)` }] : []),
  ];
}

/** What was tried on a table of the tenant's. */
type Tried = Pick<EntryEvidence, 'can_write' | 'can_read' | 'tried_on' | 'lacks'>;

const UNTRIED: Tried = { can_write: null, can_read: null, tried_on: null, lacks: null };

const toWriteTo = (table: string) => `to write to ${table}`;

/**
 * A reader must be refused writing. What a writer or a reader is let do, its table's owner may have taken back or locked: that is
 * told, and no failure. The lock for writing takes the right to write; EXPLAIN takes the right to read, and reads nothing.
 */
async function tryTable(inside: Connection, role: LesserRole, table: string): Promise<Tried> {
  const locking = (mode: string) => `LOCK ${table} IN ${mode} MODE NOWAIT`; // never waited for
  const write = locking('ROW EXCLUSIVE');
  const read = [locking('ACCESS SHARE'), `EXPLAIN SELECT 1 FROM ${table}`];
  if (role === 'readonly') await expectRefusal(inside, toWriteTo(table), write);
  const writing = role === 'readonly' ? null : await attempt(inside, [write]);
  const reading = await attempt(inside, read);
  return {
    can_write: role === 'readonly' ? false : isLetThrough(writing),
    can_read: isLetThrough(reading),
    tried_on: table,
    lacks: refusalIn(writing) ?? refusalIn(reading),
  };
}

/** What else a tenant may do to its table: it is locked, gone meanwhile, or a policy of it fails. */
const THEIRS: ReadonlySet<string> = new Set(['server_busy', 'engine_refused']);

/** Null: it could not be tried to its end. */
function isLetThrough(error: unknown): boolean | null {
  if (error === null) return true;
  if (isRefusal(error)) return false;
  if (THEIRS.has(codeOf(error))) return null;
  throw error;
}

/** The refusal in the server's words. */
function refusalIn(error: unknown): string | null {
  return error instanceof PlatformError && isRefusal(error) ? error.message : null;
}

/**
 * A table that the server says it may read. Of a reader, rather one that it may not write to: a single one that its owner opened
 * to it is the owner's business. Where it may write to all of them, the first one tells. Of a writer, rather one that it may
 * write to. Of both, rather one without policies.
 */
async function findReadTable(inside: Connection, role: LesserRole): Promise<string | null> {
  const [row] = await inside.query<{ name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
      ORDER BY has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE') = $1, relrowsecurity, c.oid LIMIT 1`,
    [role === 'readonly'],
  );
  return row?.name ?? null;
}

/** Whatever else than a refusal went wrong proves nothing. */
async function expectRefusal(inside: Connection, what: string, sql: string): Promise<void> {
  const error = await attempt(inside, [sql]);
  if (error === null) throw new PlatformError('login_check_failed', `The login was not refused ${what}`);
  if (!isRefusal(error)) throw error;
}

/** Returns what went wrong, or null. In a transaction that is thrown away: what is let through, and must not be, is not kept. */
async function attempt(inside: Connection, statements: string[]): Promise<unknown> {
  await inside.query('BEGIN READ WRITE');
  try {
    for (const sql of statements) await inside.query(sql);
    return null;
  } catch (error) {
    return error;
  } finally {
    await inside.query('ROLLBACK');
  }
}

/** 42501 is `admin_refused` at the wall of errors. */
function isRefusal(error: unknown): boolean {
  return codeOf(error) === 'admin_refused';
}
