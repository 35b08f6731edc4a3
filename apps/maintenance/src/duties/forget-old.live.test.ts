// What is old enough is forgotten, by the clock, and not a second sooner; what lives, waits or is still to be told stays.
import { withClient } from '@berth/testing/journey';
import { DAY_MS, type ForgetRun, type OldRows, openOldRows } from './old-rows.fixture';

let rows: OldRows;

beforeAll(async () => {
  rows = await openOldRows();
});
afterEach(async () => {
  await rows.sql(
    'TRUNCATE deliveries, events, audit, idempotency_keys, steps, held_credentials, actions, grants, credentials, databases',
  );
});
afterAll(() => rows?.close());

/** An ended action about a database, or another thing, that ended so long ago. */
function ended(ms: number, change: Record<string, unknown> = {}): Promise<string> {
  return rows.insert('actions', { created_at: rows.ago(ms + 60_000), ended_at: rows.ago(ms), ...change });
}

const deleted = (table: 'databases' | 'credentials', ms: number) => {
  const secret = table === 'credentials' ? { secret_sealed: null } : {};
  return rows.insert(table, { state: 'deleted', deleted_at: rows.ago(ms), ...secret });
};

async function delivery(eventMs: number, change: Record<string, unknown>) {
  const event = await rows.insert('events', { created_at: rows.ago(eventMs) });
  const endpoint = await rows.insert('endpoints');
  return { event, delivery: await rows.insert('deliveries', { event_id: event, endpoint_id: endpoint, ...change }) };
}

/** How many entries of the audit were counted as forgotten. */
async function forgotten(): Promise<number> {
  const counted = /^berth_forgotten_total\{what="audit",[^}]*\} (\d+)$/m.exec(await rows.metrics.text());
  return Number(counted?.[1]);
}

/** A thing that ended so long ago: how it is made, and by which table it is looked for. */
const AGEING: [string, string, number, (ms: number) => Promise<string>][] = [
  ['an action', 'actions', 90, async (ms) => ended(ms, { database_id: await deleted('databases', 0) })],
  [
    'a refresh',
    'actions',
    7,
    async (ms) => {
      const id = await ended(ms, { kind: 'server_refresh' });
      await ended(0, { kind: 'server_refresh' });
      return id;
    },
  ],
  ['an event', 'events', 30, (ms) => rows.insert('events', { created_at: rows.ago(ms) })],
  [
    'a delivery',
    'deliveries',
    14,
    async (ms) => (await delivery(ms, { state: 'failed', ended_at: rows.ago(ms) })).delivery,
  ],
  ['an entry of the audit', 'audit', 400, (ms) => rows.insert('audit', { created_at: rows.ago(ms) })],
  ['a deleted database', 'databases', 90, (ms) => deleted('databases', ms)],
  ['a deleted login', 'credentials', 90, (ms) => deleted('credentials', ms)],
  ['a revoked session', 'accesses', 1, (ms) => rows.insert('accesses', { revoked_at: rows.ago(ms) })],
  ['a session whose time is over', 'accesses', 1, (ms) => rows.insert('accesses', { expires_at: rows.ago(ms) })],
  ['a session that nobody used', 'accesses', 31, (ms) => rows.insert('accesses', { created_at: rows.ago(ms) })],
  [
    'a revoked grant',
    'grants',
    90,
    async (ms) => {
      const [database_id, credential_id] = [await rows.insert('databases'), await rows.insert('credentials')];
      return rows.insert('grants', { database_id, credential_id, revoked_at: rows.ago(ms) });
    },
  ],
];

test.each(AGEING)('%s goes at its age, and not a second before', async (_name, table, days, make) => {
  const id = await make(days * DAY_MS - 1_000);
  expect(await rows.forget()).toEqual([]);
  rows.clock.advance(1_000);
  await rows.forget();
  expect(await rows.isThere(table, id)).toBe(true);
  rows.clock.advance(1);
  expect(await rows.forget()).toEqual([expect.stringContaining('Forgot what is old enough')]);
  expect(await rows.isThere(table, id)).toBe(false);
});

test('the key of a request goes after a day by the clock of the store, which holds to it, and by no other', async () => {
  const key = (age: string) => rows.insert('idempotency_keys', { created_at: { sql: `now() - interval '${age}'` } });
  const [held, lapsed] = [await key('23 hours 59 minutes'), await key('24 hours')];
  rows.clock.advance(DAY_MS);
  await rows.forget();
  expect(await rows.isThere('idempotency_keys', held)).toBe(true);
  expect(await rows.isThere('idempotency_keys', lapsed)).toBe(false);
});

describe('with a clock that is not the store’s', () => {
  test.each([
    ['ahead', 61_000],
    ['behind', -61_000],
    ['years ahead', 900 * DAY_MS],
  ])('%s, it forgets nothing and says what to do', async (_how, apartMs) => {
    const entry = await rows.insert('audit', { created_at: rows.ago(401 * DAY_MS) });
    const storeTime = async () => rows.ago(apartMs);
    await expect(rows.forget({}, { storeTime })).rejects.toThrow(/Nothing was forgotten. Set the wrong one right/);
    expect(await rows.isThere('audit', entry)).toBe(true);
  });

  it('by less than a minute, ages go by the store’s; the store is asked for its own', async () => {
    const entry = await rows.insert('audit', { created_at: rows.ago(400 * DAY_MS - 30_000) });
    await rows.forget({}, { storeTime: async () => rows.ago(59_000) });
    expect(await rows.isThere('audit', entry)).toBe(true);
    const before = await forgotten();
    await rows.forget({}, { storeTime: async () => rows.ago(-59_000) });
    expect(await rows.isThere('audit', entry)).toBe(false);
    expect(await forgotten()).toBe(before + 1);
    const { now } = rows.journey.context.store;
    await expect(rows.forget({}, { storeTime: now })).rejects.toThrow(/clocks/); // the test's stands in another month
  });
});

test('the environment says how long, and 0 is for ever', async () => {
  const database_id = await deleted('databases', 9_000 * DAY_MS);
  const action = await ended(9_000 * DAY_MS, { database_id });
  await rows.insert('audit', { created_at: rows.ago(9_000 * DAY_MS) });
  const forEver = { BERTH_KEEP_ACTIONS_DAYS: '0', BERTH_KEEP_AUDIT_DAYS: '0' };
  expect(await rows.forget({ ...forEver, BERTH_KEEP_TOMBSTONES_DAYS: '1' })).toEqual([]);
  expect([await rows.isThere('actions', action), await rows.isThere('databases', database_id)]).toEqual([true, true]);
  const event = await rows.insert('events', { created_at: rows.ago(3 * DAY_MS) });
  await rows.forget({ ...forEver, BERTH_KEEP_EVENTS_DAYS: '2' });
  expect(await rows.isThere('events', event)).toBe(false);
});

describe('an action', () => {
  const LONG_MS = 500 * DAY_MS;

  it('takes its steps with it', async () => {
    const id = await ended(LONG_MS, { database_id: await deleted('databases', 0) });
    await rows.insert('steps', { action_id: id, started_at: rows.ago(LONG_MS), ended_at: rows.ago(LONG_MS) });
    await rows.forget();
    expect(await rows.sql('SELECT FROM steps')).toEqual([]);
  });

  it('that waits, runs, or failed and is tried again stays however old it is', async () => {
    const database_id = await deleted('databases', 0);
    const open = { ended_at: null, database_id };
    const ids = [
      await ended(LONG_MS, { ...open, state: 'queued' }),
      await ended(LONG_MS, { ...open, state: 'running', held_until: rows.ago(LONG_MS), held_by: 'a worker' }),
    ];
    await rows.forget();
    expect(await rows.sql('SELECT id FROM actions ORDER BY number')).toEqual(ids.map((id) => ({ id })));
  });

  it('is kept as the newest of its kind about a database or a login that lives', async () => {
    const [database_id, credential_id] = [await rows.insert('databases'), await rows.insert('credentials')];
    const create = await ended(LONG_MS + 9, { kind: 'database_create', database_id, credential_id });
    await ended(LONG_MS + 8, { database_id });
    const update = await ended(LONG_MS + 7, { database_id, state: 'failed', error_code: 'e', error_message: 'm' });
    await ended(LONG_MS + 6, { kind: 'credential_reset', credential_id });
    const reset = await ended(LONG_MS + 5, { kind: 'credential_reset', credential_id });
    const grant = await ended(LONG_MS + 4, { kind: 'grant_create', credential_id, database_id });
    await rows.forget();
    const kept = [create, update, reset, grant].map((id) => ({ id }));
    expect(await rows.sql('SELECT id FROM actions ORDER BY number')).toEqual(kept);
    await rows.sql(`UPDATE databases SET state = 'deleted', deleted_at = $1`, [rows.ago(LONG_MS)]);
    await rows.forget();
    expect(await rows.sql('SELECT id FROM actions ORDER BY number')).toEqual([{ id: reset }]);
    expect(await rows.isThere('databases', database_id)).toBe(false);
  });

  it('that only waits to be done is no newer one', async () => {
    const database_id = await rows.insert('databases');
    const update = await ended(LONG_MS, { database_id });
    await ended(0, { database_id, state: 'queued', ended_at: null });
    await rows.forget();
    expect(await rows.isThere('actions', update)).toBe(true);
  });

  it('about a server: the newest look of each kind stays while the server does', async () => {
    const server_id = await rows.insert('servers');
    await ended(LONG_MS, { kind: 'server_preflight', server_id });
    const look = await ended(LONG_MS, { kind: 'server_preflight', server_id });
    const refresh = await ended(LONG_MS, { kind: 'server_refresh', server_id });
    await rows.forget();
    expect(await rows.sql('SELECT id FROM actions ORDER BY number')).toEqual([{ id: look }, { id: refresh }]);
    await rows.sql('UPDATE servers SET deleted_at = now() WHERE id = $1', [server_id]);
    await rows.forget();
    expect(await rows.sql('SELECT FROM actions')).toEqual([]);
  });

  it('by which a create that was never made is still to be cleaned up stays', async () => {
    const database_id = await rows.insert('databases', { state: 'failed', protected: true });
    const failed = { state: 'failed', error_code: 'e', error_message: 'm' };
    const id = await ended(LONG_MS, { kind: 'database_create', database_id, ...failed });
    await rows.forget();
    await rows.sql('UPDATE databases SET protected = false');
    const { actions } = rows.journey.context.store;
    expect(await actions.listNeverMade(rows.clock.now(), 10)).toEqual([expect.objectContaining({ id })]);
  });
});

describe('a tombstone', () => {
  const LONG_MS = 200 * DAY_MS;

  it('stays as long as an action tells of it, and takes its grants with it', async () => {
    const [database_id, credential_id] = [await deleted('databases', LONG_MS), await rows.insert('credentials')];
    const grant = await rows.insert('grants', { database_id, credential_id });
    const action = await ended(DAY_MS, { database_id });
    expect(await rows.forget()).toEqual([]);
    expect(await rows.isThere('databases', database_id)).toBe(true);
    await rows.sql('UPDATE actions SET created_at = $1, ended_at = $1', [rows.ago(LONG_MS)]);
    await rows.forget();
    expect(await rows.isThere('actions', action)).toBe(false);
    expect([await rows.isThere('databases', database_id), await rows.isThere('grants', grant)]).toEqual([false, false]);
    expect(await rows.isThere('credentials', credential_id)).toBe(true);
  });

  it('is nothing that lives: whatever its age, it stays in each state but deleted', async () => {
    const created_at = rows.ago(9_000 * DAY_MS);
    const states = ['creating', 'available', 'failed', 'quarantined'];
    for (const state of states) {
      const kept = state === 'quarantined' ? { quarantined_at: created_at, purge_after: created_at } : {};
      await rows.insert('databases', { state, created_at, delete_accepted_at: created_at, ...kept });
    }
    await rows.insert('credentials', { created_at, delete_accepted_at: created_at });
    expect(await rows.forget()).toEqual([]);
    expect(await rows.sql('SELECT state FROM databases ORDER BY number')).toEqual(states.map((state) => ({ state })));
  });
});

test('an event of which an endpoint is still to be told stays, and goes when it was', async () => {
  const { event } = await delivery(31 * DAY_MS, { state: 'pending' });
  await rows.forget();
  expect(await rows.isThere('events', event)).toBe(true);
  await rows.sql(`UPDATE deliveries SET state = 'succeeded', ended_at = $1`, [rows.ago(0)]);
  await rows.forget();
  expect([await rows.isThere('events', event), await rows.sql('SELECT FROM deliveries')]).toEqual([false, []]);
});

describe('many', () => {
  const fill = (count: number, days: number) =>
    rows.sql(
      `INSERT INTO audit (id, deed, outcome, created_at) SELECT gen_random_uuid(), 'team_create', 'done', $1
       FROM generate_series(1, $2)`,
      [rows.ago(days * DAY_MS), count],
    );

  /** The store, with something done in the transaction of each bite, when it has removed its rows. */
  const biting = (midway: (bite: number) => Promise<void> | void): NonNullable<ForgetRun['store']> => {
    const { store } = rows.journey.context;
    let bites = 0;
    const briefly: typeof store.briefly = (work) =>
      store.briefly(async (tx) => {
        const done = await work(tx);
        bites += 1;
        await midway(bites);
        return done;
      });
    return Object.create(store, { briefly: { value: briefly } });
  };
  const left = async (table: string) => (await rows.sql(`SELECT count(*)::int AS count FROM ${table}`))[0]?.count;

  it('go bite by bite, by two processes at once, each once; what is young stays', async () => {
    await fill(1_700, 401);
    await fill(700, 399);
    const lines = (await Promise.all([rows.forget(), rows.forget()])).flat();
    const counts = lines.map((line) => Number(/^audit (\d+)/.exec(line)?.[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_700);
    expect(await left('audit')).toBe(700);
  });

  it('go 500 at a time, and whoever writes to the same tables goes on in the middle of each bite', async () => {
    await fill(1_700, 401);
    const database_id = await deleted('databases', 0);
    await rows.sql(
      `INSERT INTO actions (id, kind, engine, state, server_id, team_id, database_id, created_at, ended_at)
       SELECT 'act_old_' || n, 'database_update', 'postgresql', 'succeeded', server_id, team_id, id, $1, $1
       FROM databases, generate_series(1, 600) n`,
      [rows.ago(100 * DAY_MS)],
    );
    const young = await ended(0, { database_id, nudges: 0 });
    await rows.insert('audit', { created_at: rows.ago(0) });
    const removed: unknown[] = [];
    let [entries, actions] = [await left('audit'), await left('actions')];
    const write = async () => {
      await withClient(rows.journey.storeUrl, async (client) => {
        await client.query(`SET statement_timeout = '2s'`); // who waits for the bite waits for this test
        await client.query(`INSERT INTO audit (id, deed, outcome) VALUES (gen_random_uuid(), 'team_create', 'done')`);
        await client.query(`UPDATE audit SET deed = 'team_update' WHERE created_at >= $1`, [rows.ago(0)]);
        await client.query('UPDATE actions SET nudges = nudges + 1 WHERE id = $1', [young]);
        await client.query('UPDATE databases SET labels = $2 WHERE id = $1', [database_id, '{"a":"b"}']);
      });
      const now = [await left('audit'), await left('actions')]; // as others see it: the bite before, and this writer
      removed.push([Number(entries) + 1 - Number(now[0]), Number(actions) - Number(now[1])]);
      [entries, actions] = now;
    };
    const lines = await rows.forget({}, { store: biting(write) });
    expect(lines).toEqual(['actions 600: Forgot what is old enough', 'audit 1700: Forgot what is old enough']);
    const bites = removed.filter((each) => String(each) !== '0,0').map(String);
    expect(bites).toEqual(['0,500', '0,100', '500,0', '500,0', '500,0', '200,0']);
    expect(await rows.sql('SELECT nudges FROM actions')).toEqual([{ nudges: removed.length }]);
  });

  it('take five minutes of all tables together, and the next run begins with what was cut off', async () => {
    await fill(1_700, 401);
    const key = await rows.insert('idempotency_keys', { created_at: { sql: `now() - interval '2 days'` } });
    const tooLong = (bite: number) => biting((each) => rows.clock.advance(each === bite ? 5 * 60_000 : 0));
    const first = await rows.forget({}, { store: tooLong(9) }); // the seven before the audit take one bite each
    expect(first).toEqual(['audit 1000: Forgot what is old enough']);
    expect(await rows.isThere('idempotency_keys', key)).toBe(true);
    expect(await rows.forget({}, { store: tooLong(1) })).toEqual(['audit 500: Forgot what is old enough']);
    expect(await rows.forget({}, { store: tooLong(1) })).toEqual(['audit 200: Forgot what is old enough']);
    const event = await rows.insert('events', { created_at: rows.ago(31 * DAY_MS) });
    const all = ['idempotency_keys 1', 'events 1'].map((what) => `${what}: Forgot what is old enough`);
    expect(await rows.forget()).toEqual(all);
    expect(await rows.isThere('events', event)).toBe(false);
  });

  it('are counted though a later bite fails', async () => {
    await fill(1_700, 401);
    const before = await forgotten();
    const failing = biting((bite) => {
      if (bite === 10) throw new Error('broken');
    });
    expect(await rows.forget({}, { store: failing })).toEqual([
      'audit : What is old enough could not be forgotten; it is tried again',
      'audit 1000: Forgot what is old enough',
    ]);
    expect([await forgotten(), await left('audit')]).toEqual([before + 1_000, 700]);
  });

  it('are left for the next start when the process stops', async () => {
    await fill(600, 401);
    const stopping = new AbortController();
    stopping.abort();
    expect(await rows.forget({}, { stopping: stopping.signal })).toEqual([]);
    expect(await rows.sql('SELECT count(*)::int FROM audit')).toEqual([{ count: 600 }]);
  });

  it('the pages of a list go on where their rows went', async () => {
    await fill(30, 399);
    const { audit } = rows.journey.context.store;
    const { nextCursor } = await audit.list({}, { cursor: null, limit: 10 });
    await rows.sql('DELETE FROM audit WHERE number > (SELECT min(number) + 15 FROM audit)');
    const { data } = await audit.list({}, { cursor: nextCursor, limit: 50 });
    expect(data).toHaveLength(16);
  });
});

describe('it waits for nobody', () => {
  it('a row that somebody holds is passed over, and goes the next time', async () => {
    const database_id = await deleted('databases', 0);
    const [held, free] = [await ended(100 * DAY_MS, { database_id }), await ended(100 * DAY_MS, { database_id })];
    await withClient(rows.journey.storeUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM actions WHERE id = $1 FOR UPDATE', [held]);
      await rows.forget();
      expect([await rows.isThere('actions', held), await rows.isThere('actions', free)]).toEqual([true, false]);
    });
    await rows.forget();
    expect(await rows.isThere('actions', held)).toBe(false);
  });

  it('a table that somebody keeps shut is told, and the others have their turn', async () => {
    const entry = await rows.insert('audit', { created_at: rows.ago(401 * DAY_MS) });
    await withClient(rows.journey.storeUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE');
      const begunMs = performance.now();
      const lines = await rows.forget();
      expect(performance.now() - begunMs).toBeLessThan(4_000); // whoever else waits for that lock waits behind it
      expect(lines).toContain('events : What is old enough could not be forgotten; it is tried again');
    });
    expect(await rows.isThere('audit', entry)).toBe(false);
  });
});
