// Maintenance as processes: any number of them sweep one at a time, and each ends in good order in the middle of a sweep.
import { eventually } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';

let journey: Journey;
let databaseIds: string[];

beforeAll(async () => {
  journey = await openJourney();
  const made: string[] = [];
  for (let index = 0; index < 30; index += 1) {
    made.push((await journey.requestDatabase(`swept_${process.pid}_${index}`)).database_id ?? '');
  }
  databaseIds = made;
}, 120_000);
afterAll(() => journey?.close());

const sql = (text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);

const LONG_AGO = `now() - interval '1 hour'`;

/** Nobody has heard of any of them for an hour. */
const makeOverdue = () => sql(`UPDATE actions SET nudges = 1, nudged_at = ${LONG_AGO} WHERE state = 'queued'`);

/** How many queued actions were nudged how often. */
const nudges = () => sql(`SELECT nudges, count(*)::int FROM actions WHERE state = 'queued' GROUP BY 1 ORDER BY 1`);

/** The sum of what the log lines with this message count. */
function counted(output: string, message: string): number {
  const lines = output.split('\n').filter((line) => line.includes(message));
  return lines.reduce((sum, line) => sum + Number(JSON.parse(line).count), 0);
}

test('two at once: while one sweeps the other does not, and each action is nudged once', async () => {
  await makeOverdue();
  let processes: Awaited<ReturnType<Journey['startMaintenance']>>[] = [];
  await journey.context.store.exclusively('berth sweep', async () => {
    processes = await Promise.all([journey.startMaintenance(), journey.startMaintenance()]);
    expect(await nudges()).toEqual([{ nudges: 1, count: 30 }]); // somebody else sweeps: this test
  });
  await eventually(async () => (await nudges())[0]?.nudges === 2, { what: 'a sweep' });
  await makeOverdueAgain();
  await eventually(async () => (await nudges())[0]?.nudges === 3, { what: 'another sweep' });
  await Promise.all(processes.map((each) => each.stop()));
  expect(await nudges()).toEqual([{ nudges: 3, count: 30 }]);
  const output = processes.map((each) => each.output()).join('');
  const told = counted(output, 'Nudged actions again'); // the first words may come before the queue is open
  expect(told).toBeGreaterThan(30);
  expect(told).toBeLessThanOrEqual(60);
});

const makeOverdueAgain = () => sql(`UPDATE actions SET nudged_at = ${LONG_AGO} WHERE state = 'queued'`);

test('two at once take back each expired hold once', async () => {
  const { actions } = journey.context.store;
  const [first] = await sql(`SELECT id FROM actions WHERE database_id = $1`, [databaseIds[0]]);
  const id = String(first?.id);
  await actions.claim(id, 'a worker that died');
  const processes = await Promise.all([journey.startMaintenance(), journey.startMaintenance()]);
  await journey.letHoldRunOut(id);
  await eventually(async () => (await actions.find(id))?.state === 'queued', { what: 'it to be taken back' });
  await Promise.all(processes.map((each) => each.stop()));
  expect(await actions.find(id)).toMatchObject({ claim: 1, failures: 1, held_by: null });
  const output = processes.map((each) => each.output()).join('');
  expect(counted(output, 'Took back actions')).toBe(1);
});

describe('SIGTERM in a sweep', () => {
  it('that waits for the store: the sweep is whole, or has not been, and the end is clean', async () => {
    const maintenance = await journey.startMaintenance();
    await makeOverdue();
    await withClient(journey.storeUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE actions IN ACCESS EXCLUSIVE MODE');
      // not by pg_stat_activity: a transaction sees there what was so at its first look
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'actions'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      await eventually(async () => (await client.query(waiting)).rows.length > 0, { what: 'a sweep to wait' });
      maintenance.signal('SIGTERM');
      await eventually(() => maintenance.output().includes('"msg":"Stopping"'));
      await client.query('ROLLBACK');
    });
    await maintenance.ended;
    expect(maintenance.output()).toContain('"msg":"Stopped"');
    expect(await nudges()).toHaveLength(1);
  });

  it('that has many words to say to a queue that hangs: it does not say all of them first, and the end is clean', async () => {
    await makeMany(300);
    await makeOverdue();
    const maintenance = await journey.startMaintenance();
    await eventually(async () => (await nudges())[0]?.nudges === 2, { what: 'a sweep, and with it the queue' });
    await withClient(journey.storeUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE bullmq.job IN ACCESS EXCLUSIVE MODE');
      await makeOverdue();
      await eventually(async () => (await nudges())[0]?.nudges === 2, { what: 'a sweep that cannot say a word' });
      const askedAt = performance.now();
      maintenance.signal('SIGTERM');
      await maintenance.ended;
      expect(performance.now() - askedAt).toBeLessThan(15_000);
      await client.query('ROLLBACK');
    });
    expect(maintenance.output()).toContain('"msg":"Stopped"');
  }, 90_000);
});

test('servers are looked at by themselves, where operators do not say that they are not', async () => {
  const looks = () => sql(`SELECT server_id, requested_by FROM actions WHERE kind = 'server_refresh'`);
  expect(await looks()).toEqual([]); // none was asked for by the processes of the tests above
  const maintenance = await journey.startMaintenance({ BERTH_REFRESH_INTERVAL_MINUTES: '10' });
  await eventually(async () => (await looks()).length > 0, { what: 'a look to be asked for' });
  await maintenance.stop();
  expect(await looks()).toEqual([{ server_id: journey.serverId, requested_by: null }]);
});

/** More queued actions, each first in a line of its own. */
async function makeMany(count: number): Promise<void> {
  await sql(
    `INSERT INTO databases (id, team_id, project_id, environment_id, plan_id, server_id, engine, name, engine_name)
     SELECT 'db_many_' || n, team_id, project_id, environment_id, plan_id, server_id, engine, 'many_' || n, 'many_' || n
     FROM databases, generate_series(1, $2::int) n WHERE id = $1`,
    [databaseIds[1], count],
  );
  await sql(
    `INSERT INTO actions (id, kind, engine, team_id, database_id, server_id)
     SELECT 'act_many_' || n, 'database_update', 'postgresql', $1, 'db_many_' || n, $2 FROM generate_series(1, $3::int) n`,
    [journey.access.team_id, journey.serverId, count],
  );
}
