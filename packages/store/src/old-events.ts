// Events that are old, and the deliveries of them. What an endpoint is still to be told stays until it was; the log is read from
// behind the last one that was removed, so that nobody takes what stayed for all there was.
import { BATCH, type Batch, batchOf, LIMIT_BATCH, type Looked, tellLooked } from './batch';
import type { Db } from './db';

export function oldEventsOf(db: Db) {
  return {
    /**
     * Some of the events from before `before` and their deliveries, the oldest first from number `after` on. Safe to repeat and
     * to race. Whoever builds the fan-out to endpoints has to let stay what it has yet to look at, too: `fanned_out_at IS NULL`.
     */
    async removeEvents(before: Date, after: number): Promise<Batch> {
      const rows = await db.$queryRaw<Looked[]>`
        WITH looked AS (
          SELECT number, created_at FROM events WHERE number > ${after} ORDER BY number ${LIMIT_BATCH}
        ), gone AS (
          DELETE FROM events WHERE id = ANY(ARRAY(
            SELECT id FROM events mine WHERE number = ANY(ARRAY(SELECT number FROM looked)) AND created_at < ${before}
              AND NOT EXISTS (SELECT FROM deliveries WHERE event_id = mine.id AND state = 'pending')
            FOR UPDATE SKIP LOCKED))
          RETURNING xid, number
        ), marked AS (
          INSERT INTO forgotten_events (xid, number) SELECT xid, number FROM gone ORDER BY xid DESC, number DESC LIMIT 1
          ON CONFLICT (id) DO UPDATE SET xid = EXCLUDED.xid, number = EXCLUDED.number
            WHERE (EXCLUDED.xid, EXCLUDED.number) > (forgotten_events.xid, forgotten_events.number)
        ) ${tellLooked(before)}`;
      return batchOf(rows);
    },

    /** Some of the deliveries that ended before `before`. Safe to repeat and to race. */
    async removeDeliveries(before: Date): Promise<Batch> {
      const removed = await db.$executeRaw`
        DELETE FROM deliveries WHERE id = ANY(ARRAY(
          SELECT id FROM deliveries WHERE ended_at < ${before} ORDER BY ended_at ${LIMIT_BATCH} FOR UPDATE SKIP LOCKED))`;
      return { removed, next: removed === BATCH ? 0 : null };
    },
  };
}
