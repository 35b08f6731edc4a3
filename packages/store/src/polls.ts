// The question that is asked most, "how far is my action?", answered by one statement: who asks, the action, its steps, and
// where its database is; what it waits for takes another. By pg itself, as JSON: Prisma's way to a row costs more than
// PostgreSQL's, and so does taking sixty columns apart one by one.
import type { Pool } from 'pg';
import { IS_GOOD_BEARER } from './access-reads';
import type { Access } from './accesses';
import type { ActionWithSteps, Step } from './action-reads';
import { type Database, Prisma } from './generated/client';
import { WAIT, type Wait } from './line';

/** Who asked, and what there is under that id. Whether they may see it is for the caller to say. */
export interface Polled {
  access: Access;
  action: ActionWithSteps | null;
  /** Of the action's database: what decides who sees it. Null when it is about none. */
  place: Pick<Database, 'team_id' | 'project_id' | 'environment_id' | 'state' | 'hidden'> | null;
  /** What a queued one waits for, as `findWait` has it. */
  wait: Wait | null;
}

/** Written once; `$hash` and `$id` stand for the values. A column that this version does not know does no harm. */
const POLL = Prisma.sql`
  SELECT row_to_json(accesses), row_to_json(mine),
    (SELECT json_agg(steps ORDER BY ended_at) FROM steps WHERE action_id = mine.id),
    CASE WHEN databases.id IS NOT NULL THEN json_build_object('team_id', databases.team_id,
      'project_id', databases.project_id, 'environment_id', databases.environment_id, 'state', databases.state,
      'hidden', databases.hidden) END
  FROM accesses LEFT JOIN actions mine ON mine.id = ${'$id'} LEFT JOIN databases ON databases.id = mine.database_id
  WHERE ${IS_GOOD_BEARER('$hash')}`;
const POLL_WAIT = Prisma.sql`SELECT ${WAIT} FROM actions mine WHERE id = ${'$id'} AND state = 'queued'`;

/** Columns that hold a time: as JSON it is a text. */
const ACCESS_TIMES = ['created_at', 'expires_at', 'last_used_at', 'previous_until', 'revoked_at'] as const;
const ACTION_TIMES = [
  'cancel_requested_at',
  'created_at',
  'ended_at',
  'held_until',
  'not_before',
  'nudged_at',
  'started_at',
] as const;
const STEP_TIMES = ['ended_at', 'started_at'] as const;

export function pollsOf(pool: Pool) {
  const askPoll = preparedOn(pool, 'berth_poll', POLL);
  const askWait = preparedOn(pool, 'berth_poll_wait', POLL_WAIT);
  return {
    /** Null when the hash opens nothing, as for `findBearer`. An `actionId` that names nothing is no action. */
    async find(secretHash: string, actionId: string): Promise<Polled | null> {
      const { rows } = await askPoll({ $hash: secretHash, $id: actionId });
      const [row] = rows;
      if (row === undefined) return null;
      const [access, action, steps, place] = row as [Access, ActionWithSteps | null, Step[] | null, Polled['place']];
      for (const step of steps ?? []) readTimes(step, STEP_TIMES);
      return {
        access: readTimes(access, ACCESS_TIMES),
        action: action === null ? null : { ...readTimes(action, ACTION_TIMES), steps: steps ?? [] },
        place,
        wait: action?.state === 'queued' ? await findWait(actionId) : null,
      };
    },
  };

  async function findWait(actionId: string): Promise<Wait | null> {
    const { rows } = await askWait({ $id: actionId });
    const [server, ahead, crowd] = (rows[0] ?? []) as [Wait['server'], Wait['ahead'], Wait['crowd']] | [];
    return server === undefined || ahead === undefined || crowd === undefined ? null : { server, ahead, crowd };
  }
}

/** Asks by a statement that each connection prepares once. */
function preparedOn(pool: Pool, name: string, { text, values: places }: Prisma.Sql) {
  return (values: Record<string, string>) =>
    pool.query<unknown[]>({
      name,
      text,
      values: places.map((place) => values[String(place)] ?? place),
      rowMode: 'array',
    });
}

/** The same object, with its times as dates. */
function readTimes<Row extends object>(row: Row, columns: readonly (keyof Row)[]): Row {
  for (const column of columns) {
    const text = row[column];
    if (typeof text === 'string') Reflect.set(row, column, new Date(text));
  }
  return row;
}
