// Ended actions that are old. What a living thing came to by, it keeps: of each kind the newest action about it stays.
// Nothing here touches the column `state`, nor an action that is queued or running.
import { type Batch, batchOf, LIMIT_BATCH, type Looked, tellLooked } from './batch';
import type { Db } from './db';
import { Prisma } from './generated/client';

/** Looks at a server are many, and soon of no use; everything else was asked for by somebody. */
export type EndedActions = 'refreshes' | 'others';

const IS_REFRESH = Prisma.sql`(mine.database_id IS NULL AND mine.credential_id IS NULL)`; // so the store has it: actions_subject

/** A tombstone keeps nothing; what is done to a database is about the database, whatever login it came with. */
const IS_ABOUT_LIVING = Prisma.sql`
  (mine.database_id IS NULL OR EXISTS (SELECT FROM databases
    WHERE databases.id = mine.database_id AND databases.state <> 'deleted'))
  AND (mine.credential_id IS NULL OR (mine.database_id IS NOT NULL AND mine.kind LIKE 'database%') OR EXISTS (
    SELECT FROM credentials WHERE credentials.id = mine.credential_id AND credentials.state <> 'deleted'))
  AND (mine.database_id IS NOT NULL OR mine.credential_id IS NOT NULL OR EXISTS (SELECT FROM servers
    WHERE servers.id = mine.server_id AND servers.deleted_at IS NULL))`;

/** Three looks by three indexes: `IS NOT DISTINCT FROM` alone has none. */
const HAS_NEWER = Prisma.sql`
  CASE WHEN mine.credential_id IS NOT NULL THEN EXISTS (SELECT FROM actions newer
      WHERE newer.credential_id = mine.credential_id AND newer.number > mine.number AND newer.kind = mine.kind
        AND newer.database_id IS NOT DISTINCT FROM mine.database_id AND newer.ended_at IS NOT NULL)
    WHEN mine.database_id IS NOT NULL THEN EXISTS (SELECT FROM actions newer
      WHERE newer.database_id = mine.database_id AND newer.number > mine.number AND newer.kind = mine.kind
        AND newer.credential_id IS NULL AND newer.ended_at IS NOT NULL)
    ELSE EXISTS (SELECT FROM actions newer
      WHERE newer.server_id = mine.server_id AND newer.number > mine.number AND newer.kind = mine.kind
        AND newer.database_id IS NULL AND newer.credential_id IS NULL AND newer.ended_at IS NOT NULL) END`;

export function endedActionsOf(db: Db) {
  return {
    /**
     * Removes some of the actions that ended before `before`, with their steps, the oldest first from number `after` on. The
     * newest of each kind about a living thing stays, and what somebody is just trying again. Safe to repeat and to race.
     */
    async removeEnded(which: EndedActions, before: Date, after: number): Promise<Batch> {
      const isWanted = which === 'refreshes' ? IS_REFRESH : Prisma.sql`NOT ${IS_REFRESH}`;
      const rows = await db.$queryRaw<Looked[]>`
        WITH looked AS (
          SELECT number, created_at FROM actions mine WHERE number > ${after} AND ${isWanted} ORDER BY number ${LIMIT_BATCH}
        ), gone AS (
          DELETE FROM actions WHERE id = ANY(ARRAY(
            SELECT id FROM actions mine WHERE number = ANY(ARRAY(SELECT number FROM looked)) AND ended_at < ${before}
              AND NOT (${IS_ABOUT_LIVING} AND NOT ${HAS_NEWER})
              AND NOT EXISTS (SELECT FROM held_credentials WHERE action_id = mine.id)
            FOR UPDATE SKIP LOCKED))
          RETURNING id
        ) ${tellLooked(before)}`;
      return batchOf(rows);
    },
  };
}
