// Sessions that logins opened and that are over: they would be many. Those that operators made stay, as all accesses do.
import { SESSION_IDLE_DAYS } from './access-reads';
import { type Batch, batchOf, LIMIT_BATCH, type Looked, tellLooked } from './batch';
import type { Db } from './db';

export function oldSessionsOf(db: Db) {
  return {
    /**
     * Removes some of the sessions that ended before `before`, by revoking, by their time or for want of use, the oldest first
     * from number `after` on. What was asked for by one is asked for by its login; if an action named one all the same, that
     * one stays. One that lives is never touched. Safe to repeat and to race.
     */
    async remove(before: Date, after: number): Promise<Batch> {
      const rows = await db.$queryRaw<Looked[]>`
        WITH looked AS (
          SELECT number, created_at FROM accesses
          WHERE parent_id IS NOT NULL AND number > ${after} ORDER BY number ${LIMIT_BATCH}
        ), gone AS (
          DELETE FROM accesses WHERE id = ANY(ARRAY(
            SELECT id FROM accesses mine WHERE number = ANY(ARRAY(SELECT number FROM looked))
              AND (revoked_at < ${before} OR expires_at < ${before}
                OR coalesce(last_used_at, created_at) < ${before}::timestamptz - ${SESSION_IDLE_DAYS} * interval '1 day')
              AND (SELECT id FROM actions WHERE requested_by = mine.id LIMIT 1) IS NULL
            FOR UPDATE SKIP LOCKED))
          RETURNING id
        ) ${tellLooked(before)}`;
      return batchOf(rows);
    },
  };
}
