// Rows of every age in a store of their own, and the duty that forgets them, run by a clock that obeys.
import type { OpenedContext } from '@berth/actions';
import { type Log, type Metrics, openHealth, openMetrics, readConfig } from '@berth/runtime';
import { type TestClock, testClock } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { type CutOff, forgetOld } from './forget-old';

export type Row = Record<string, unknown>;

export const DAY_MS = 24 * 60 * 60 * 1000;
const START = new Date('2026-06-01T12:00:00.000Z');

export interface OldRows {
  journey: Journey;
  clock: TestClock;
  /** A time so many milliseconds before the clock's. */
  ago(ms: number): Date;
  sql(text: string, values?: unknown[]): Promise<Row[]>;
  /** Writes a row with what it needs to be one, and returns its id. Times are told by `change`. */
  insert(table: keyof typeof ROWS, change?: Row): Promise<string>;
  /** Whether a row of this id is there. */
  isThere(table: string, id: string): Promise<boolean>;
  /** What was counted in the runs of the duty. */
  metrics: Metrics;
  /**
   * One run of the duty, as it is with these variables of the environment, begun where the one before was cut off; the lines that it
   * logged. The store's clock is taken to show what ours does, unless `storeTime` says otherwise.
   */
  forget(environment?: Record<string, string>, run?: ForgetRun): Promise<string[]>;
  close(): Promise<void>;
}

export interface ForgetRun {
  stopping?: AbortSignal;
  store?: OpenedContext['store'];
  storeTime?: () => Promise<Date>;
}

const place = (columns: string[]) =>
  Object.fromEntries(
    columns.map((column) => {
      const table = column === 'access_id' ? 'accesses' : `${column.slice(0, -3)}s`;
      return [column, { sql: `(SELECT id FROM ${table} ORDER BY number LIMIT 1)` }];
    }),
  );

/** What a row must have. `$id` stands for its id. */
const ROWS = {
  databases: {
    ...place(['team_id', 'project_id', 'environment_id', 'plan_id', 'server_id']),
    engine: 'postgresql',
    name: '$id',
    engine_name: '$id',
    state: 'available',
  },
  credentials: {
    ...place(['team_id', 'server_id']),
    username: '$id',
    engine_username: '$id',
    secret_sealed: 's',
    state: 'active',
  },
  grants: { ...place(['team_id', 'server_id']), role: 'owner' },
  servers: { name: '$id', engine: 'postgresql', host: '$id', port: 1, admin_sealed: 's', ...place(['pool_id']) },
  actions: { kind: 'database_update', engine: 'postgresql', state: 'succeeded', ...place(['server_id']) },
  steps: { attempt: 1, name: 'a_step', state: 'succeeded' },
  events: {
    type: 'server.registered',
    ...place(['server_id']),
    data: '{"name":"s","engine":"postgresql","state":"active"}',
  },
  endpoints: { ...place(['team_id']), url: 'https://example.org', secret_sealed: 's' },
  deliveries: {},
  audit: { deed: 'team_create', outcome: 'done' },
  idempotency_keys: { ...place(['access_id']), fingerprint: 'f' },
  /** A session that the first access opened. */
  accesses: {
    ...place(['team_id']),
    kind: 'session',
    name: '$id',
    person: 'p',
    secret_hash: '$id',
    scopes: '{public}',
    parent_id: { sql: '(SELECT id FROM accesses ORDER BY number LIMIT 1)' },
  },
};

/** Opens them, with a server to place things on. Close it in afterAll. */
export async function openOldRows(): Promise<OldRows> {
  const journey = await openJourney({ registerServer: false });
  const clock = testClock(START);
  const metrics = openMetrics('maintenance');
  let cutOff: CutOff | null = null;
  const sql = (text: string, values: unknown[] = []) =>
    withClient(journey.storeUrl, async (client) => (await client.query<Row>(text, values)).rows);
  let count = 0;
  const insert: OldRows['insert'] = async (table, change = {}) => {
    count += 1;
    const id = `${table}_${count}`;
    const idColumn = { steps: null, idempotency_keys: 'key' }[String(table)];
    const row: Row = { ...ROWS[table], ...(idColumn === null ? {} : { [idColumn ?? 'id']: id }), ...change };
    const values: unknown[] = [];
    const written = Object.values(row).map((value) => {
      if (typeof value === 'object' && value !== null && 'sql' in value) return value.sql;
      values.push(value === '$id' ? id : value);
      return `$${values.length}`;
    });
    await sql(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${written.join(', ')})`, values);
    return id;
  };
  await insert('servers');
  return {
    journey,
    clock,
    ago: (ms) => new Date(clock.now().getTime() - ms),
    sql,
    insert,
    isThere: async (table, id) =>
      (await sql(`SELECT FROM ${table} WHERE ${table === 'idempotency_keys' ? 'key' : 'id'} = $1`, [id])).length > 0,
    metrics,
    async forget(environment = {}, run = {}) {
      const lines: string[] = [];
      const config = readConfig({ BERTH_STORE_URL: journey.storeUrl, BERTH_KEYS: 'k', ...environment });
      const { stopping = new AbortController().signal, store = journey.context.store } = run;
      const health = openHealth({ isReady: () => true, stopping });
      const context = { ...journey.context, clock, config, health, log: logTo(lines), metrics, store };
      const { storeTime = async () => clock.now() } = run;
      cutOff = await forgetOld(context, { stopping, cutOff, storeTime });
      return lines;
    },
    close: journey.close,
  };
}

function logTo(lines: string[]): Log {
  const write = ({ kind, count }: { kind?: string; count?: number }, message: string) =>
    void lines.push(`${kind} ${count ?? ''}: ${message}`);
  return { debug: write, info: write, infoSoon: write, warn: write, error: write };
}
