// Whose turn it is, in SQL, of an action called `mine`. Each database and each credential is a line; who works on a login
// keeps out what else would change it, in whatever database.
import type { Db } from './db';
import { type Action, Prisma } from './generated/client';

/** A preflight alone is sent to a server that an operator took offline, or that was not looked at yet. */
const SERVER_IS_OPEN = Prisma.sql`
  (mine.kind = 'server_preflight' OR (servers.state <> 'offline' AND servers.checked_at IS NOT NULL))`;

/** Of a held login: it is what the action is about or, for an action on a database, one of that database's. */
const IS_LOGIN_OF_IT = Prisma.sql`
  (credential_id = mine.credential_id OR (mine.credential_id IS NULL AND credential_id IN (
    SELECT credential_id FROM grants WHERE database_id = mine.database_id AND revoked_at IS NULL)))`;

/** Of an action called `other` in one of its lines: it is at work there, or older. */
const IS_AT_WORK = Prisma.sql`other.state = 'running'`;
const IS_OLDER = Prisma.sql`other.state = 'queued' AND other.number < mine.number`;
const IS_BEFORE = Prisma.sql`(${IS_AT_WORK} OR (${IS_OLDER}))`;

/** `is` says which, of `other` in its line: told apart by state, each look finds its few rows in an index of that state alone,
 * however many actions the database has had. */
const noneInItsLines = (is: Prisma.Sql) => Prisma.sql`
  NOT EXISTS (SELECT FROM actions other WHERE other.database_id = mine.database_id AND ${is})
  AND NOT EXISTS (SELECT FROM actions other WHERE other.credential_id = mine.credential_id AND ${is})`;

/** Of an action called `mine`: the logins that a new database is given with it, which may have to be made first. */
const GIVEN_LOGINS = Prisma.sql`
  SELECT credential_id FROM grants WHERE mine.kind = 'database_create' AND mine.credential_id IS NULL
    AND database_id = mine.database_id AND revoked_at IS NULL`;

/** Asked of such a create alone, from its grants on: else the whole line is read for each action in it. */
const IS_NO_GIVEN_LOGIN_WAITED_FOR = Prisma.sql`
  (mine.kind <> 'database_create' OR mine.credential_id IS NOT NULL OR NOT EXISTS (
    SELECT FROM grants JOIN actions other ON other.credential_id = grants.credential_id
    WHERE grants.database_id = mine.database_id AND revoked_at IS NULL AND ${IS_OLDER}))`;

/** Nobody works on its database or credential or on a login that it would change, nobody older waits for them or for a login
 * that it is to let in, and its server is in use. */
export const IS_ITS_TURN = Prisma.sql`
  ${noneInItsLines(IS_AT_WORK)} AND ${noneInItsLines(IS_OLDER)}
  AND NOT EXISTS (SELECT FROM held_credentials WHERE ${IS_LOGIN_OF_IT})
  AND ${IS_NO_GIVEN_LOGIN_WAITED_FOR}
  AND EXISTS (SELECT FROM servers WHERE servers.id = mine.server_id AND ${SERVER_IS_OPEN})`;

/** Of an action called `mine`: it does not wait for a server at which others are at work, who will say the word. */
export const IS_NOT_CROWDED_OUT = Prisma.sql`
  (NOT mine.crowded_out OR NOT EXISTS (
    SELECT FROM actions other WHERE other.server_id = mine.server_id AND other.state = 'running'))`;

/** What keeps a queued action from its turn; all null when nothing does but its own next try, or a free worker. */
export interface Wait {
  /** The server, when it is not in use. */
  server: { name: string; state: string; checked_at: string | null } | null;
  /** Who is before it: in its lines, or at work on one of its logins. */
  ahead: { id: string; kind: string; state: string } | null;
  /** Its server, when a worker refused it because so many are at work there. */
  crowd: { name: string; count: number } | null;
}

/** The columns `server`, `ahead` and `crowd` of a `Wait`. */
export const WAIT = Prisma.sql`
  (SELECT json_build_object('name', name, 'state', servers.state, 'checked_at', checked_at) FROM servers
    WHERE servers.id = mine.server_id AND NOT ${SERVER_IS_OPEN}) AS server,
  (SELECT json_build_object('id', ahead.id, 'kind', ahead.kind, 'state', ahead.state) FROM (
      SELECT id, kind, state, number FROM actions other WHERE other.database_id = mine.database_id AND ${IS_BEFORE}
      UNION ALL SELECT id, kind, state, number FROM actions other WHERE other.credential_id = mine.credential_id AND ${IS_BEFORE}
      UNION ALL SELECT id, kind, state, number FROM actions other
        WHERE other.credential_id IN (${GIVEN_LOGINS}) AND ${IS_OLDER}
      UNION ALL SELECT id, kind, state, number FROM actions other
        WHERE other.id IN (SELECT action_id FROM held_credentials WHERE ${IS_LOGIN_OF_IT})) ahead
    ORDER BY ahead.state DESC, ahead.number LIMIT 1) AS ahead,
  CASE WHEN mine.crowded_out THEN (SELECT json_build_object('name', name, 'count', (SELECT count(*) FROM actions other
    WHERE other.server_id = mine.server_id AND ${IS_AT_WORK})) FROM servers WHERE servers.id = mine.server_id) END AS crowd`;

export function waitsOf(db: Db) {
  return {
    /** Null when the action is not queued. */
    async findWait(id: string): Promise<Wait | null> {
      const [row] = await db.$queryRaw<Wait[]>`
        SELECT ${WAIT}
        FROM actions mine WHERE id = ${id} AND state = 'queued'`;
      return row ?? null;
    },
  };
}

/**
 * Of a statement whose `changed` is the action that was claimed: it holds the login that it is about, or every login of its
 * database. A login is held once; the store refuses a second claim that wants it.
 */
export const HOLD_CREDENTIALS = Prisma.sql`
  INSERT INTO held_credentials (credential_id, action_id)
  SELECT coalesce(changed.credential_id, grants.credential_id) AS credential_id, changed.id
  FROM changed LEFT JOIN grants ON changed.credential_id IS NULL AND grants.database_id = changed.database_id
    AND grants.revoked_at IS NULL
  WHERE coalesce(changed.credential_id, grants.credential_id) IS NOT NULL ORDER BY 1`;

/** Of a statement whose `changed` is an action that nobody works on any more. */
export const LET_CREDENTIALS_GO = Prisma.sql`DELETE FROM held_credentials WHERE action_id IN (SELECT id FROM changed)`;

/** What stood in a line with an action that ended, or beside one of its logins: also of a grant that it took away. */
export function isNextAfter(done: Pick<Action, 'database_id' | 'credential_id'>): Prisma.Sql {
  const logins = Prisma.sql`SELECT credential_id FROM grants
    WHERE credential_id = ${done.credential_id} OR database_id = ${done.database_id}`;
  return Prisma.sql`(database_id = ${done.database_id} OR credential_id = ${done.credential_id}
    OR credential_id IN (${logins})
    OR database_id IN (SELECT database_id FROM grants WHERE credential_id IN (${logins})))`;
}
