// What a tenant of PostgreSQL has prepared, in a database that is quarantined and restored: it stays, but for what would keep the
// quarantine from being done. Other engines keep no prepared transaction beyond what their own folders try.
import { type Journey, openJourney, withClient } from '../journey';
import { evidenceOf, makeKept, quarantine, restoreAndSee, rowsOf } from '../quarantine';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const made = () => {
  count += 1;
  return makeKept(journey, `prepared_${process.pid}_${count}`);
};

test('what a tenant has prepared stays prepared, is told in the evidence, and can be committed after the restore', async () => {
  const kept = await made();
  const gid = `prepared ${kept.databaseId}`;
  const prepare = `BEGIN; INSERT INTO kept VALUES ('prepared'); PREPARE TRANSACTION '${gid}'`;
  await withClient(kept.uri, (client) => client.query(prepare));
  const action = await quarantine(journey, kept.databaseId);
  expect(evidenceOf(action, 'shut_out')).toMatchObject({ details: { prepared: [gid], rolled_back: [] } });
  await restoreAndSee(journey, kept);
  await withClient(kept.uri, (client) => client.query(`COMMIT PREPARED '${gid}'`));
  expect(await rowsOf(kept.uri)).toEqual(['first', 'prepared']);
});

test('one that holds the row of its own login does not keep the quarantine waiting', async () => {
  const kept = await made();
  const [data, hold] = [`data ${kept.databaseId}`, `hold ${kept.databaseId}`];
  await withClient(kept.uri, async (client) => {
    await client.query(`BEGIN; INSERT INTO kept VALUES ('prepared'); PREPARE TRANSACTION '${data}'`);
    const { rows } = await client.query<{ name: string }>('SELECT session_user AS name');
    await client.query(`SET ROLE NONE; BEGIN; ALTER ROLE "${rows[0]?.name}" PASSWORD 'evil'`);
    await client.query(`PREPARE TRANSACTION '${hold}'`);
  });
  const action = await quarantine(journey, kept.databaseId);
  expect(evidenceOf(action, 'shut_out')).toMatchObject({ details: { prepared: [data], rolled_back: [hold] } });
  await restoreAndSee(journey, kept);
});
