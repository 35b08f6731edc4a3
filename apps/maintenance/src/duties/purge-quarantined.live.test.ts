// The end of a quarantine: dropped when its days are over by the clock, once, and never what somebody wants back.
import { databaseRestore, extendQuarantine, request } from '@berth/actions';
import { eventually, testClock, testServers } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { makeKept, quarantine, refusalOf, restoreAndSee, stateOf } from '@berth/testing/quarantine';
import { purgeQuarantined } from './purge-quarantined';

const DAY_MS = 24 * 60 * 60 * 1000;

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

async function quarantined() {
  count += 1;
  const kept = await makeKept(journey, `purged_${process.pid}_${count}`);
  await quarantine(journey, kept.databaseId);
  return kept;
}

/** Maintenance as it looks so many days from now, and what it logged. */
async function purgeAfter(days: number, change: Partial<Journey['context']> = {}): Promise<string[]> {
  const clock = testClock(new Date());
  clock.advance(days * DAY_MS);
  const logged: string[] = [];
  const log = Object.create(journey.context.log, {
    info: { value: (_: object, message: string) => logged.push(message) },
    warn: { value: ({ count: many }: { count: number }, message: string) => logged.push(`${many} ${message}`) },
  });
  await purgeQuarantined({ ...journey.context, ...change, clock, log });
  return logged;
}

const drops = async (databaseId: string) => {
  const { data } = await journey.context.store.actions.list({ databaseId }, { cursor: null, limit: 50 });
  return data.filter(({ kind }) => kind === 'database_delete');
};

/** Databases and roles of the tenants' server that bear its name. */
const onServer = (name: string) =>
  withClient(testServers().postgresqlUrl, async (client) => {
    const sql = `SELECT datname FROM pg_database WHERE starts_with(datname, $1)
      UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)`;
    return (await client.query(sql, [name])).rows.length;
  });

test('not a day too early, once when it is time, and then it is gone', async () => {
  const { databaseId, name, uri } = await quarantined();
  expect(await purgeAfter(6.9)).toEqual([]);
  expect(await onServer(name)).toBeGreaterThan(1);
  expect(await drops(databaseId)).toEqual([]);
  await Promise.all([purgeAfter(7.1), purgeAfter(7.1), purgeAfter(7.1)]);
  await purgeAfter(7.1);
  const [drop, ...more] = await drops(databaseId);
  expect([drop?.requested_by, more]).toEqual([null, []]);
  expect(await journey.runHere(drop?.id ?? '')).toMatchObject({ state: 'succeeded' });
  expect(await stateOf(journey, databaseId)).toBe('deleted');
  expect([await onServer(name), await refusalOf(uri)]).toEqual([0, 'login']);
});

test('how long is said by the plan, else by the environment, else it is a week', async () => {
  const sql = (text: string) => withClient(journey.storeUrl, (client) => client.query(text));
  const daysOf = async (id: string) => {
    const row = await journey.context.store.databases.find(id);
    return ((row?.purge_after?.getTime() ?? 0) - (row?.quarantined_at?.getTime() ?? 0)) / DAY_MS;
  };
  const made = await makeKept(journey, `purged_${process.pid}_policy`);
  for (const [plan, environment, days] of [
    [2, 5, 2],
    [null, 5, 5],
    [null, null, 7],
  ]) {
    await sql(`UPDATE plans SET quarantine_days = ${plan}; UPDATE environments SET quarantine_days = ${environment}`);
    await quarantine(journey, made.databaseId);
    expect(await daysOf(made.databaseId)).toBe(days);
    await restoreAndSee(journey, made);
  }
});

test('one that is kept longer is not dropped before', async () => {
  const { databaseId } = await quarantined();
  await extendQuarantine(journey.context, { databaseId, days: 2 }, journey.access);
  await purgeAfter(7.1);
  expect(await drops(databaseId)).toEqual([]);
  await purgeAfter(9.1);
  expect(await drops(databaseId)).toHaveLength(1);
});

test('one that is protected stays, and the log says how many', async () => {
  const { databaseId } = await quarantined();
  const protect = (value: boolean) =>
    withClient(journey.storeUrl, (client) =>
      client.query('UPDATE databases SET protected = $2 WHERE id = $1', [databaseId, value]),
    );
  await protect(true);
  expect(await purgeAfter(8)).toEqual([expect.stringMatching(/^1 .*protected/)]);
  expect(await drops(databaseId)).toEqual([]);
  await protect(false);
  expect(await purgeAfter(8)).toEqual([expect.stringMatching(/^Dropping/)]);
});

test('one that failed to be dropped is left to somebody who looks, for a day, and then tried again', async () => {
  const { databaseId } = await quarantined();
  await purgeAfter(8);
  const [drop] = await drops(databaseId);
  const claimed = await journey.context.store.actions.claim(drop?.id ?? '', 'worker');
  if (claimed !== null) await journey.context.store.actions.fail(claimed, 'engine_refused', 'no');
  await withClient(journey.storeUrl, (client) =>
    client.query(`UPDATE actions SET ended_at = now() + interval '8 days' WHERE id = $1`, [drop?.id]),
  );
  await purgeAfter(8.9);
  expect(await drops(databaseId)).toHaveLength(1);
  await purgeAfter(9.1);
  const [again] = await drops(databaseId);
  expect(await journey.runHere(again?.id ?? '')).toMatchObject({ state: 'succeeded' });
  expect(await stateOf(journey, databaseId)).toBe('deleted');
});

test('a restore at the same moment wins: what was listed is looked at again under the lock', async () => {
  const [waiting, restored] = [await quarantined(), await quarantined()];
  const { store } = journey.context;
  let purge: Promise<string[]> | undefined;
  await store.transaction(async (tx) => {
    await tx.databases.lock(restored.databaseId);
    purge = purgeAfter(8);
    const blocked = `SELECT FROM pg_locks WHERE NOT granted
      AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`;
    const look = () => withClient(journey.storeUrl, async (client) => (await client.query(blocked)).rows.length > 0);
    await eventually(look, { what: 'the duty to wait for the row' });
    await tx.databases.becomeRestored(restored.databaseId);
  });
  await purge;
  expect(await drops(restored.databaseId)).toEqual([]);
  expect(await drops(waiting.databaseId)).toHaveLength(1);
});

test('one that is being restored is left alone', async () => {
  const { databaseId } = await quarantined();
  const { id } = await request(journey.context, databaseRestore, { databaseId }, journey.access);
  expect(await purgeAfter(8)).toEqual([]);
  expect(await drops(databaseId)).toEqual([]);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
});
