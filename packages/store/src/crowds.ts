// Queued actions that a worker refused because it works on as many of their server as it does at once. Who ends one of those
// says the next word; maintenance says it where nobody works on that server any more. Nothing here touches the column `state`.
import type { Nudge } from './actions';
import type { Db } from './db';
import { IS_ITS_TURN } from './line';

export function crowdsOf(db: Db) {
  return {
    /**
     * Writes that a due action waits for one of these servers, which have too many at work. Returns the server; null when the
     * action is of another, not queued, put off, or a preflight, which is never kept waiting. Safe to repeat.
     */
    async crowdOut(id: string, fullServerIds: string[]): Promise<string | null> {
      const [row] = await db.$queryRaw<{ server_id: string }[]>`
        UPDATE actions SET crowded_out = true
        WHERE id = ${id} AND state = 'queued' AND server_id = ANY(${fullServerIds}) AND kind <> 'server_preflight'
          AND (not_before IS NULL OR not_before <= now())
        RETURNING server_id`;
      return row?.server_id ?? null;
    },

    /** Counts a nudge for as many of those that wait for this server, oldest first, and returns them. */
    nudgeCrowded: (serverId: string, limit: number): Promise<Nudge[]> =>
      db.$queryRaw<Nudge[]>`
        UPDATE actions SET nudges = nudges + 1, nudged_at = now(), crowded_out = false
        WHERE id IN (SELECT id FROM actions mine WHERE state = 'queued' AND crowded_out AND server_id = ${serverId}
          AND (not_before IS NULL OR not_before <= now()) AND ${IS_ITS_TURN}
          ORDER BY number LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING id, engine, nudges`,
  };
}
