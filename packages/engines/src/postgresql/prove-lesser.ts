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
  const table = await findReadTable(inside, role);
  const tries = triesOf(database, role, who.has_public, table);
  for (const { what, sql } of tries) await expectRefusal(inside, what, sql);
  return {
    login: who.session,
    role,
    can_make: false,
    can_write: table === null ? null : role === 'readwrite' && table.can_write,
    can_read: table === null ? null : true,
    tried_on: table?.name ?? null,
    lacks: null,
    details: { acts_as: who.current, refused: tries.map(({ what }) => what) },
  };
}

interface Try {
  what: string;
  sql: string;
}

function triesOf(database: DatabaseRef, role: LesserRole, hasPublic: boolean, table: ReadTable | null): Try[] {
  const unique = `berth_check_${randomUUID().replaceAll('-', '')}`;
  const tries: Try[] = [
    { what: 'to act as the owners', sql: `SET ROLE ${quoteIdentifier(groupNameOf(database))}` },
    { what: 'to make a schema', sql: `CREATE SCHEMA ${unique}` },
    { what: 'to make a temporary table', sql: `CREATE TEMPORARY TABLE ${unique} (a int)` },
    ...(hasPublic ? [{ what: 'to make a table', sql: `CREATE TABLE public.${unique} (a int)` }] : []),
  ];
  if (role === 'readwrite' || table === null) return tries;
  // a lock for writing takes the right to write; asked for like this it is never waited for
  tries.push({ what: `to write to ${table.name}`, sql: `LOCK ${table.name} IN ROW EXCLUSIVE MODE NOWAIT` });
  return tries;
}

/** A table that the server says it may read, and whether it says that it may write to it. */
interface ReadTable {
  name: string;
  can_write: boolean;
}

/**
 * Of a reader, rather one that it may not write to: a single one that its owner opened to it is the owner's business. Where it
 * may write to all of them, the first one tells. Of a writer, rather one that it may write to.
 */
async function findReadTable(inside: Connection, role: LesserRole): Promise<ReadTable | null> {
  const [row] = await inside.query<ReadTable>(
    `SELECT format('%I.%I', nspname, relname) AS name, has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE') AS can_write
       FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
      ORDER BY has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE') = $1, c.oid LIMIT 1`,
    [role === 'readonly'],
  );
  return row ?? null;
}

/** In a transaction that is thrown away: what is let through, and must not be, is not kept either. */
async function expectRefusal(inside: Connection, what: string, sql: string): Promise<void> {
  await inside.query('BEGIN READ WRITE');
  const code = await inside.query(sql).then(
    () => null,
    (error: unknown) => refusalOf(error),
  );
  await inside.query('ROLLBACK');
  if (code === null) throw new PlatformError('login_check_failed', `The login was not refused ${what}`);
}

/** 42501 is `admin_refused` at the wall of errors; whatever else went wrong proves nothing. */
function refusalOf(error: unknown): string {
  if (codeOf(error) === 'admin_refused') return 'refused';
  throw error;
}
