// A delete that keeps: whoever is inside when it comes is out when it is done, whatever he was doing, and a restore
// brings back the same rows under the same password.
import { Client } from 'pg';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import {
  askRemove,
  askRestore,
  evidenceOf,
  type Kept,
  makeKept,
  QUARANTINE_STEPS,
  quarantine,
  RESTORE_STEPS,
  refusalOf,
  restoreAndSee,
  rowsOf,
  runToEnd,
  stateOf,
  surviveDeath,
  surviveLoss,
} from '../quarantine';
import { testServers } from '../stack';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const made = () => {
  count += 1;
  return makeKept(journey, `kept_${process.pid}_${count}`);
};

const onServer = (sql: string) => withClient(testServers().postgresqlUrl, (client) => client.query(sql));

test('a session that writes in a loop is ended; what it was told is written is there after the restore', async () => {
  const kept = await made();
  const writer = new Client({ connectionString: kept.uri });
  writer.on('error', () => {}); // its end is what this is about
  await writer.connect();
  let written = 0;
  const loop = (async () => {
    for (;;) {
      await writer.query(`INSERT INTO kept VALUES ('looped')`);
      written += 1;
    }
  })();
  const ended = expect(loop).rejects.toThrow();
  await eventually(() => written > 10, { what: 'the loop to write' });
  const action = await quarantine(journey, kept.databaseId);
  await ended;
  expect(evidenceOf(action, 'shut_out')).toMatchObject({
    locked: [decodeURIComponent(new URL(kept.uri).username)],
    revoked: [decodeURIComponent(new URL(kept.uri).username)],
    shut: true,
  });
  expect(evidenceOf(action, 'end_sessions')).toMatchObject({ ended: 1 });
  for (const step of ['end_sessions', 'forget_passwords']) {
    expect(evidenceOf(action, step).looks).toEqual(expect.arrayContaining([0, 0]));
  }
  expect(evidenceOf(action, 'check_refused').refused).toEqual([expect.stringMatching(/: password$/)]);
  expect(await refusalOf(kept.uri)).toBe('28P01');
  expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
  await restoreAndSee(journey, kept);
  const looped = (await rowsOf(kept.uri)).filter((text) => text === 'looped').length;
  expect(looped).toBeGreaterThanOrEqual(written);
  expect(looped).toBeLessThanOrEqual(written + 1); // one may have been cut off after its commit, before the answer
});

test('what a tenant has prepared stays prepared, is told in the evidence, and can be committed after the restore', async () => {
  const kept = await made();
  const gid = `prepared ${kept.databaseId}`;
  const prepare = `BEGIN; INSERT INTO kept VALUES ('prepared'); PREPARE TRANSACTION '${gid}'`;
  await withClient(kept.uri, (client) => client.query(prepare));
  const action = await quarantine(journey, kept.databaseId);
  expect(evidenceOf(action, 'shut_out')).toMatchObject({ prepared: [gid], rolled_back: [] });
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
  expect(evidenceOf(action, 'shut_out')).toMatchObject({ prepared: [data], rolled_back: [hold] });
  await restoreAndSee(journey, kept);
});

/** Two databases, of which the second lets the login of the first in as well. */
async function makeSharing(): Promise<[Kept, Kept]> {
  const [first, second] = [await made(), await made()];
  const { store } = journey.context;
  const credential = await store.credentials.find(first.credentialId);
  if (credential === null) throw new Error('no such login');
  await store.credentials.grant(credential, second.databaseId, 'owner');
  const { rows } = await onServer(`SELECT rolname FROM pg_roles WHERE rolname LIKE '${second.name}%owner'`);
  const [group, login] = [rows[0]?.rolname, credential.engine_username];
  await onServer(`GRANT "${group}" TO "${login}" WITH INHERIT TRUE, SET TRUE`);
  await onServer(`ALTER ROLE "${login}" IN DATABASE "${second.name}" SET role = '${group}'`);
  return [first, second];
}

describe('a login that two databases share', () => {
  let [first, second]: Kept[] = [];
  const elsewhere = () => {
    const url = new URL(first?.uri ?? '');
    url.pathname = second?.name ?? '';
    return url.href;
  };

  beforeAll(async () => {
    [first, second] = await makeSharing();
  });

  it('goes on working in the other, the open session too; here it is out', async () => {
    if (first === undefined) throw new Error('not made');
    const inside = new Client({ connectionString: first.uri });
    inside.on('error', () => {}); // it is ended
    await inside.connect();
    await withClient(elsewhere(), async (other) => {
      const action = await quarantine(journey, first?.databaseId ?? '');
      await other.query(`INSERT INTO kept VALUES ('by the shared login')`);
      expect(evidenceOf(action, 'shut_out')).toMatchObject({ locked: [], shared_with_other_databases: [inside.user] });
      expect(evidenceOf(action, 'check_refused')).toEqual({
        refused: [`${inside.user}: privilege`],
        still_elsewhere: [`${inside.user} in ${second?.databaseId}: let in`],
      });
    });
    await expect(inside.query('SELECT 1')).rejects.toThrow();
    await inside.end();
    expect(await refusalOf(first.uri)).toBe('42501');
    expect(await refusalOf(elsewhere())).toBeNull();
  });

  it('is locked with the last of its databases, and works in each that is restored', async () => {
    if (first === undefined || second === undefined) throw new Error('not made');
    await quarantine(journey, second.databaseId); // the first is in quarantine already
    expect(await refusalOf(elsewhere())).toBe('28P01');
    const { id } = await askRestore(journey, second.databaseId);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    expect(await refusalOf(elsewhere())).toBeNull();
    expect(await refusalOf(first.uri)).toBe('42501');
    await restoreAndSee(journey, first);
  });
});

test('two databases that share a login, quarantined at the same time: one after the other, and it is locked', async () => {
  const [first, second] = await makeSharing();
  const [one, other] = [await askRemove(journey, first.databaseId), await askRemove(journey, second.databaseId)];
  let meanwhile: string | undefined;
  const ended = await runToEnd(journey, one.id, async (moment, step) => {
    if (moment !== 'recorded' || step !== 'check_refused') return;
    meanwhile = (await journey.runHere(other.id)).state;
  });
  expect([ended.state, ended.failures, meanwhile]).toEqual(['succeeded', 0, 'queued']);
  expect(await journey.runHere(other.id)).toMatchObject({ state: 'succeeded' });
  expect(await refusalOf(first.uri)).toBe('28P01');
  await restoreAndSee(journey, first);
});

test('a login whose only open database is dropped waits, locked, for the one in quarantine', async () => {
  const [first, second] = await makeSharing();
  const user = decodeURIComponent(new URL(first.uri).username);
  await quarantine(journey, first.databaseId);
  const { id } = await askRemove(journey, second.databaseId, 'drop');
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  const { rows } = await onServer(`SELECT rolcanlogin FROM pg_roles WHERE rolname = '${user}'`);
  expect(rows).toEqual([{ rolcanlogin: false }]);
  expect(await refusalOf(first.uri)).toBe('28P01');
  await restoreAndSee(journey, first);
});

describe('a worker that dies', () => {
  it.each(QUARANTINE_STEPS)('in database_quarantine after %s: it is quarantined by the next', async (step) => {
    const kept = await made();
    const { id } = await askRemove(journey, kept.databaseId);
    await surviveDeath(journey, id, `performed:${step}`);
    expect(await refusalOf(kept.uri)).toBe('28P01');
    const { id: restoreId } = await askRestore(journey, kept.databaseId);
    const restoreStep = RESTORE_STEPS[QUARANTINE_STEPS.indexOf(step)];
    const survive = restoreStep === 'give_back' ? surviveDeath : surviveLoss; // processes are slow; one shows it for all
    await survive(journey, restoreId, `performed:${restoreStep}`);
    expect(await stateOf(journey, kept.databaseId)).toBe('available');
    expect(await rowsOf(kept.uri)).toEqual(['first']);
  });

  it.each(QUARANTINE_STEPS)('with %s recorded: the same', async (step) => {
    const kept = await made();
    const { id } = await askRemove(journey, kept.databaseId);
    await surviveLoss(journey, id, `recorded:${step}`);
    expect(await refusalOf(kept.uri)).toBe('28P01');
    const { id: restoreId } = await askRestore(journey, kept.databaseId);
    await surviveLoss(journey, restoreId, `recorded:${RESTORE_STEPS[QUARANTINE_STEPS.indexOf(step)]}`);
    expect(await rowsOf(kept.uri)).toEqual(['first']);
  });
});
