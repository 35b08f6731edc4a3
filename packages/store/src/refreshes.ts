// What looks at a server saw of its databases: sizes, users, sessions. Whether one is over its plan is decided here, by
// compare-and-set with its event in the same statement. Nothing here touches the column `state`.
import { newId, OVER_QUOTA_AGAIN } from '@berth/core';
import { DATABASE_REFERENCES, type Db, raise } from './db';
import { Prisma } from './generated/client';

/** A database as a look saw it. Null: its engine has no such thing. */
export interface Refreshed {
  id: string;
  sizeBytes: number;
  users: number;
  sessions: number;
  charset: string | null;
  collation: string | null;
}

/** Whether these are numbers that a database can have: a server that is broken, or lies, tells others, or none. */
export function isPossible({ sizeBytes, users, sessions }: Omit<Refreshed, 'id'>): boolean {
  const isCount = (count: number, max: number) => Number.isInteger(count) && count >= 0 && count <= max;
  return isCount(sizeBytes, Number.MAX_SAFE_INTEGER) && isCount(users, COUNT_MAX) && isCount(sessions, COUNT_MAX);
}

/** What a column of integers holds. */
const COUNT_MAX = 2 ** 31 - 1;

/** What a refresh came to. */
export interface RefreshTold {
  /** Databases that were written. */
  databases: number;
  /** Of these, those that passed what their plans allow since the look before. */
  overQuota: number;
}

/** Of a database of the statement's `seen`, beside its `plans`. */
const IS_OVER = Prisma.sql`seen.size_bytes > plans.size_bytes_max`;
const IS_FAR_BELOW = Prisma.sql`seen.size_bytes < plans.size_bytes_max * ${OVER_QUOTA_AGAIN}::float8`;
/** In one statement every part but RETURNING sees the rows as they were before it. */
const HAS_PASSED = Prisma.sql`changed.over_quota_at IS NOT NULL AND EXISTS (
  SELECT FROM databases before WHERE before.id = changed.id AND before.over_quota_at IS NULL)`;

/** The store's time is kept rounded to this, and read cut off at it. */
const CLOCK_GRAIN = Prisma.sql`interval '1 ms'`;

export function refreshesOf(db: Db) {
  return {
    /**
     * Writes what was seen, no earlier than `since`, of the databases of a server that can be used or are kept; one that was
     * measured after that is left as it is, for an action knows better, and so is one whose numbers are not possible. Those that have become larger than their
     * plans allow raise `database.over_quota`, once. Belongs into a
     * transaction: the rows are locked first, in the order of their ids, so that two looks tell of none twice. Safe to repeat.
     */
    async recordRefresh(serverId: string, told: Refreshed[], since: Date): Promise<RefreshTold> {
      const seen = told.filter(isPossible);
      const ids = seen.map(({ id }) => id);
      await db.$queryRaw`SELECT id FROM databases WHERE id = ANY(${ids}) ORDER BY id FOR NO KEY UPDATE`;
      const [written] = await db.$queryRaw<RefreshTold[]>`
        WITH seen AS (
          SELECT * FROM jsonb_to_recordset(${JSON.stringify(seen.map(rowOf))}::jsonb) AS seen (id text, event_id text,
            size_bytes bigint, users int, sessions int, charset text, "collation" text)
        ), changed AS (
          UPDATE databases SET size_bytes = seen.size_bytes, users = seen.users, sessions = seen.sessions,
            charset = coalesce(seen.charset, databases.charset), "collation" = coalesce(seen.collation, databases.collation),
            measured_at = now(), refreshed_at = now(), over_quota_at = CASE WHEN ${IS_OVER}
              THEN coalesce(databases.over_quota_at, now()) WHEN NOT ${IS_FAR_BELOW} THEN databases.over_quota_at END
          FROM seen, plans
          WHERE databases.id = seen.id AND databases.id = ANY(${ids}) AND plans.id = databases.plan_id AND databases.server_id = ${serverId}
            AND databases.state IN ('available', 'quarantined')
            AND (databases.measured_at IS NULL OR databases.measured_at <= ${since}::timestamptz + ${CLOCK_GRAIN})
          RETURNING databases.*, seen.event_id
        ), raised AS (
          ${raise('database.over_quota', DATABASE_REFERENCES, HAS_PASSED, Prisma.sql`event_id`)} RETURNING id
        )
        SELECT (SELECT count(*)::int FROM changed) AS databases, (SELECT count(*)::int FROM raised) AS "overQuota"`;
      await db.$executeRaw`UPDATE servers SET refreshed_at = now() WHERE id = ${serverId} AND deleted_at IS NULL`;
      return written ?? { databases: 0, overQuota: 0 };
    },

    /**
     * Ids of servers in use of which no look of this kind was asked for since `everyMs` ago, give or take a tenth of that which
     * is each server's own and another one each time, so that those that were looked at together drift apart. Longest ago first.
     */
    async listToLookAt(kind: 'server_refresh', everyMs: number, limit: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT servers.id FROM servers LEFT JOIN LATERAL (
          SELECT id, state, created_at FROM actions WHERE server_id = servers.id AND kind = ${kind}
            AND database_id IS NULL AND credential_id IS NULL ORDER BY number DESC LIMIT 1) last ON true
        WHERE deleted_at IS NULL AND servers.state IN ('active', 'draining') AND checked_at IS NOT NULL
          AND (last.id IS NULL OR (last.state NOT IN ('queued', 'running') AND last.created_at <= now()
            - ${everyMs} * interval '1 ms' * (0.9 + 0.2 * abs(hashtext(last.id) % 1000) / 1000.0)))
        ORDER BY last.created_at NULLS FIRST, servers.id LIMIT ${limit}`;
      return rows.map(({ id }) => id);
    },
  };
}

function rowOf({ id, sizeBytes, users, sessions, charset, collation }: Refreshed) {
  return { id, event_id: newId('event'), size_bytes: sizeBytes, users, sessions, charset, collation };
}
