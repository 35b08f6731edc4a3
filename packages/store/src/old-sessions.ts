// Sessions that logins opened and that are over: they would be many. Those that operators made stay, as all accesses do.
import { SESSION_IDLE_DAYS } from './access-reads';
import { type Batch, batchOf, LIMIT_BATCH, type Looked, tellLooked } from './batch';
import type { Db } from './db';
import { Prisma } from './generated/client';

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
              AND ${firstNamed} IS DISTINCT FROM mine.id
            FOR UPDATE SKIP LOCKED))
          RETURNING id
        ) ${tellLooked(before)}`;
      return batchOf(rows);
    },
  };
}

/**
 * The access that some action names and that comes next, itself or another: for a look at one alone the planner may read all
 * actions, as so many name the same.
 */
const firstNamed = Prisma.sql`(SELECT requested_by FROM actions WHERE requested_by >= mine.id ORDER BY requested_by LIMIT 1)`;
