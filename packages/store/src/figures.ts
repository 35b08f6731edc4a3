// What is counted for those who look after Berth: what waits, what runs, what there is. Read every few seconds for ever, so
// each must cost what is open now, never what has ended: see figures.live.test.ts for the plans.
import type { Db } from './db';
import { Prisma } from './generated/client';
import { IS_ITS_TURN } from './line';

/** The open actions of one engine on one server. */
export interface OpenActions {
  engine: string;
  /** The server's name. */
  server: string;
  /** Waiting for a worker, or for their turn. */
  queued: number;
  /** Waiting for their next try. */
  postponed: number;
  running: number;
  /** Age of the oldest that could run now and that nobody runs; 0 when there is none. */
  oldestWaitingSeconds: number;
}

export interface DatabaseCount {
  engine: string;
  state: string;
  count: number;
}

/** Two lists, not `state IN (…)`: each state has a partial index of its own, which serves nothing else. */
const OPEN = Prisma.sql`
  SELECT mine.server_id, coalesce(not_before > now(), false) AS is_postponed, false AS is_running,
    CASE WHEN (not_before IS NULL OR not_before <= now()) AND ${IS_ITS_TURN}
      THEN extract(epoch FROM now() - coalesce(not_before, created_at)) END AS waiting_seconds
  FROM actions mine WHERE mine.state = 'queued'
  UNION ALL
  SELECT server_id, false, true, NULL FROM actions WHERE state = 'running'`;

/** For the test that reads its plan. */
export const OPEN_ACTIONS_SQL = Prisma.sql`
  SELECT servers.engine, servers.name AS server,
    count(*) FILTER (WHERE NOT is_running AND NOT is_postponed)::int AS queued,
    count(*) FILTER (WHERE is_postponed)::int AS postponed,
    count(*) FILTER (WHERE is_running)::int AS running,
    coalesce(max(waiting_seconds), 0)::float8 AS "oldestWaitingSeconds"
  FROM servers LEFT JOIN (${OPEN}) open ON open.server_id = servers.id
  WHERE servers.deleted_at IS NULL GROUP BY servers.id ORDER BY servers.name`;

export function figuresOf(db: Db) {
  return {
    /** One for each server, also where nothing is open. */
    listOpenActions: (): Promise<OpenActions[]> => db.$queryRaw<OpenActions[]>(OPEN_ACTIONS_SQL),

    /** Of those that are not deleted. Reads them all: not to be asked often. */
    listDatabaseCounts: (): Promise<DatabaseCount[]> => db.$queryRaw<DatabaseCount[]>`
      SELECT engine, state, count(*)::int AS count FROM databases WHERE state <> 'deleted'
      GROUP BY engine, state ORDER BY engine, state`,
  };
}
