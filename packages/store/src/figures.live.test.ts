// The figures are true of what is open, and cost nothing of what has ended.
import type { Action } from './actions';
import { OPEN_ACTIONS_SQL } from './figures';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterEach(() => street.sql('DELETE FROM actions'));
afterAll(() => street?.close());

const newAction = async (serverId = street.serverId) => street.action((await street.database()).id, { serverId });
const age = (action: Action, minutes: number) =>
  street.sql(`UPDATE actions SET created_at = now() - $2 * interval '1 minute' WHERE id = $1`, [action.id, minutes]);
const figures = async (server: string) => {
  const all = await street.store.figures.listOpenActions();
  return all.find((each) => each.server === server);
};

test('a server where nothing is open has zeros; one that was taken out is not told of', async () => {
  const goneId = await makeServer(street.store, street.poolId, 'gone');
  await street.sql('UPDATE servers SET deleted_at = now() WHERE id = $1', [goneId]);
  const zeros = { engine: 'postgresql', server: 'first', queued: 0, postponed: 0, running: 0, oldestWaitingSeconds: 0 };
  expect(await street.store.figures.listOpenActions()).toEqual([zeros]);
});

test('by state; the oldest is the one that could run, not one that runs, has ended, is put off or stands in a line', async () => {
  const { actions } = street.store;
  const database = await street.database();
  const [running, behind] = [await street.action(database.id), await street.action(database.id)];
  const [ended, postponed, waiting] = [await newAction(), await newAction(), await newAction()];
  await actions.claim(running.id, 'worker');
  const claimed = await actions.claim(ended.id, 'worker');
  if (claimed !== null) await actions.finish(claimed);
  await street.sql(`UPDATE actions SET not_before = now() + interval '1 hour' WHERE id = $1`, [postponed.id]);
  for (const action of [running, behind, ended, postponed]) await age(action, 90);
  await age(waiting, 10);
  const found = await figures('first');
  expect(found).toMatchObject({ queued: 2, postponed: 1, running: 1 });
  expect(found?.oldestWaitingSeconds).toBeGreaterThanOrEqual(600);
  expect(found?.oldestWaitingSeconds).toBeLessThan(660);
});

test('what was put off waits from when it is due', async () => {
  const action = await newAction();
  await age(action, 90);
  await street.sql(`UPDATE actions SET not_before = now() - interval '1 minute' WHERE id = $1`, [action.id]);
  expect(await figures('first')).toMatchObject({ queued: 1, oldestWaitingSeconds: expect.any(Number) });
  expect((await figures('first'))?.oldestWaitingSeconds).toBeLessThan(120);
});

test('what waits for a server that its operator took offline is queued, and nobody is late with it', async () => {
  const serverId = await makeServer(street.store, street.poolId, 'away');
  await age(await newAction(serverId), 90);
  await street.sql(`UPDATE servers SET state = 'offline' WHERE id = $1`, [serverId]);
  expect(await figures('away')).toMatchObject({ queued: 1, oldestWaitingSeconds: 0 });
});

test('databases are counted by state, without those that are deleted', async () => {
  await street.sql('DELETE FROM databases');
  const [one, , deleted] = [await street.database(), await street.database(), await street.database()];
  await street.sql(`UPDATE databases SET state = 'available' WHERE id = $1`, [one.id]);
  await street.sql(`UPDATE databases SET state = 'deleted', deleted_at = now() WHERE id = $1`, [deleted.id]);
  const counts = await street.store.figures.listDatabaseCounts();
  expect(counts).toEqual([
    { engine: 'postgresql', state: 'available', count: 1 },
    { engine: 'postgresql', state: 'creating', count: 1 },
  ]);
});

test('among tens of thousands that have ended, no table of actions is read through', async () => {
  const database = await street.database();
  await street.sql(
    `INSERT INTO actions (id, kind, engine, team_id, database_id, server_id, state, ended_at)
     SELECT 'act_ended_' || n, 'database_update', 'postgresql', $1, $2, $3, 'succeeded', now() FROM generate_series(1, 30000) n`,
    [street.teamId, database.id, street.serverId],
  );
  for (let count = 0; count < 20; count += 1) await newAction();
  await street.sql('ANALYZE actions');
  const rows = await street.sql(`EXPLAIN ${OPEN_ACTIONS_SQL.text}`, OPEN_ACTIONS_SQL.values);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).not.toContain('Seq Scan on actions');
  expect(plan).toMatch(/(Scan using|Index Scan on) actions_/);
  expect((await figures('first'))?.queued).toBe(20);
});

test('connections are told of: in use while a transaction is open, idle afterwards', async () => {
  let during = 0;
  await street.store.transaction(async (tx) => {
    await tx.figures.listOpenActions();
    during = street.store.connections().inUse;
  });
  expect(during).toBeGreaterThan(0);
  expect(street.store.connections()).toMatchObject({ inUse: 0, waiting: 0 });
  expect(street.store.connections().idle).toBeGreaterThan(0);
});
