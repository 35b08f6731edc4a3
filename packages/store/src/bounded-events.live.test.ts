// A reader of events costs little, whatever it asks for: a read looks at a bounded piece of the log, and who follows the
// cursors gets all the same; those who catch up take turns.
import { explainStatements, listenForPlans, rowsRead, wholeReads } from '@berth/testing';
import { BEGINNING } from './event-cursor';
import { openEventFeed } from './event-feed';
import type { EventFilter } from './events';
import { openStore } from './store';
import { openStreet, type Street } from './street.fixture';

let street: Street;
let databaseId: string;
/** What a filter is to find, in the order of the log: four rare ones among thousands. */
let rare: string[];

const EVENTS = 9_000;
const LOOKED_MAX = 2_000;

beforeAll(async () => {
  street = await openStreet();
  ({ id: databaseId } = await street.database());
  await street.sql(
    `INSERT INTO events (id, xid, type, team_id, database_id, server_id, data, fanned_out_at)
     SELECT 'evt_' || lpad(n::text, 26, '0'), (1 + n / 90)::text::xid8,
       CASE WHEN n IN (1, 1999, 4001, ${EVENTS}) THEN 'database.failed' ELSE 'database.updated' END, $1, $2, $3,
       '{"name":"rare","engine":"postgresql","state":"available","hidden":false}', now()
     FROM generate_series(1, ${EVENTS}) n`,
    [street.teamId, databaseId, street.serverId],
  );
  await street.sql('ANALYZE events');
  const rows = await street.sql(`SELECT id FROM events WHERE type = 'database.failed' ORDER BY xid, number`);
  rare = rows.map(({ id }) => String(id));
});
afterAll(() => street?.close());

/** Follows the cursors until nothing more can be read, and how many events each page had. */
async function readOn(filter: EventFilter, limit: number) {
  const found: string[] = [];
  const pages: number[] = [];
  for (let cursor: string | null = null; ; ) {
    const { events, nextCursor, hasMore } = await street.store.events.listTold(cursor, filter, limit);
    found.push(...events.map(({ id }) => id));
    pages.push(events.length);
    cursor = nextCursor;
    if (!hasMore) return { found, pages };
  }
}

const failed = { types: ['database.failed'] };

test.each([
  ['a team', () => ({ teamId: street.teamId, ...failed })],
  ['an operator', () => failed],
  ['one database', () => ({ teamId: street.teamId, databaseId, ...failed })],
  ['an access limited to a project', () => ({ teamId: street.teamId, projectId: street.projectId, ...failed })],
])('%s gets all that is rare by the cursors, a bounded piece at a time', async (_, filterOf) => {
  const { found, pages } = await readOn(filterOf(), 3);
  expect(found).toEqual(rare);
  expect(pages).toEqual([2, 0, 1, 0, 1]);
});

test('a page that is full goes on behind its last event', async () => {
  const { found, pages } = await readOn({ teamId: street.teamId, ...failed }, 1);
  expect(found).toEqual(rare);
  expect(pages.slice(0, 2)).toEqual([1, 1]);
});

test('who names a database of another team does not learn how much happened to it', async () => {
  const { head, isFull } = await street.store.events.listAfter(BEGINNING, { teamId: 'team_other', databaseId }, 3);
  const none = await street.store.events.listAfter(BEGINNING, { teamId: 'team_other', databaseId: 'db_none' }, 3);
  expect([isFull, none.isFull]).toEqual([false, false]);
  expect(head.number).toBe(none.head.number);
});

test.each(['auto', 'force_generic_plan'] as const)(
  'planned by %s, what never occurs is looked for in 2,000 rows',
  async (mode) => {
    const { teamId } = street;
    await explainStatements(street.testStore, mode);
    const plans = listenForPlans();
    const store = openStore({ url: street.testStore.secretUrl, connectionsMax: 1, process: 'explained' });
    try {
      for (const filter of [
        { teamId, types: ['database.deleted'] },
        { types: ['database.deleted'] },
        { teamId, databaseId, types: ['database.deleted'] },
        { teamId, projectId: 'proj_empty' },
        { teamId, projectId: street.projectId, environmentId: 'env_empty', types: ['database.updated'] },
      ]) {
        const { events, isFull } = await store.events.listAfter(BEGINNING, filter, 200);
        expect([events, isFull]).toEqual([[], true]);
      }
    } finally {
      plans.stop();
      await store.close();
    }
    const reads = plans.explained.filter(({ query }) => query.includes('AS looked'));
    expect(reads).toHaveLength(5);
    expect(wholeReads(reads, ['events'])).toEqual([]);
    const rows = rowsRead(reads, ['events', 'databases', 'grants']).map((read) => read.rows);
    expect(rows[0]).toBe(LOOKED_MAX); // each row once; PostgreSQL may look up the same database for each
  },
);

test('those who catch up read two at a time, whatever they ask for, and each gets all of it', async () => {
  const { events } = street.store;
  const reads = { now: 0, most: 0 };
  const counted: typeof events.listAfter = async (place, filter, limit) => {
    if (filter.teamId === undefined) return events.listAfter(place, filter, limit); // the one reader for all
    reads.now += 1;
    reads.most = Math.max(reads.most, reads.now);
    return events.listAfter(place, filter, limit).finally(() => {
      reads.now -= 1;
    });
  };
  const feed = openEventFeed({ ...events, listAfter: counted }, { onEvents: () => () => {} });
  const follow = async () => {
    const found: string[] = [];
    const leave = new AbortController();
    for await (const step of feed.follow(BEGINNING, { teamId: street.teamId, ...failed }, leave.signal)) {
      found.push(...step.events.map(({ id }) => id));
      if (found.length === rare.length) leave.abort();
    }
    return found;
  };
  const all = await Promise.all(Array.from({ length: 12 }, follow));
  for (const found of all) expect(found).toEqual(rare);
  expect(reads).toEqual({ now: 0, most: 2 });
  await feed.close();
});
