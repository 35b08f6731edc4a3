// A delete that keeps: whoever is inside when it comes is out when it is done, whatever he was doing, and a restore
// brings back the same rows under the same password.
import { Client } from 'pg';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { testServers } from '../stack';
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
        still_elsewhere: [`${inside.user} in ${second?.name}: let in`],
      });
    });
    await expect(inside.query('SELECT 1')).rejects.toThrow();
    await inside.end();
    expect(await refusalOf(first.uri)).toBe('42501');
    expect(await refusalOf(elsewhere())).toBeNull();
  });

  it('cannot undo it from there, by any statement that it could try', async () => {
    const user = decodeURIComponent(new URL(elsewhere()).username);
    const database = first?.name ?? '';
    const { rows } = await onServer(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '${database}%owner'`);
    const group = rows[0]?.name;
    const attempts = [
      `GRANT CONNECT ON DATABASE "${database}" TO "${user}"`,
      `GRANT CONNECT ON DATABASE "${database}" TO PUBLIC`,
      `GRANT ALL ON DATABASE "${database}" TO "${user}" WITH GRANT OPTION`,
      `ALTER DATABASE "${database}" CONNECTION LIMIT -1`,
      `ALTER DATABASE "${database}" OWNER TO "${user}"`,
      `ALTER DATABASE "${database}" RENAME TO mine`,
      `DROP DATABASE "${database}"`,
      `CREATE DATABASE mine TEMPLATE "${database}"`,
      `SET ROLE "${group}"`,
      `SET SESSION AUTHORIZATION "${group}"`,
      `GRANT "${group}" TO "${user}"`,
      `GRANT "${user}" TO "${group}"`,
      `ALTER ROLE "${group}" LOGIN PASSWORD 'evil'`,
      `ALTER ROLE "${user}" SUPERUSER`,
      `ALTER ROLE "${user}" CREATEROLE`,
      `ALTER ROLE "${user}" IN DATABASE "${database}" SET role = 'postgres'`,
      `CREATE ROLE evil LOGIN IN ROLE "${group}"`,
      `REASSIGN OWNED BY "${group}" TO "${user}"`,
      `DROP OWNED BY "${group}"`,
      `COMMENT ON DATABASE "${database}" IS 'mine'`,
      `UPDATE pg_database SET datconnlimit = -1`,
      `CREATE EXTENSION dblink`,
      `CREATE EXTENSION postgres_fdw`,
      `COPY kept FROM PROGRAM 'true'`,
      `SELECT pg_reload_conf()`,
    ];
    await withClient(elsewhere(), async (client) => {
      for (const identity of ['SET ROLE NONE', 'RESET ROLE']) {
        await client.query(identity);
        for (const attempt of attempts) await client.query(attempt).catch(() => {}); // whether it is let is told below
      }
    });
    const state = `SELECT datconnlimit, has_database_privilege('${user}', datname, 'CONNECT') AS may_connect,
      pg_has_role('${user}', '${group}', 'MEMBER') AS is_member FROM pg_database WHERE datname = '${database}'`;
    expect((await onServer(state)).rows).toEqual([{ datconnlimit: 0, may_connect: false, is_member: false }]);
    expect((await onServer(`SELECT FROM pg_roles WHERE rolname = 'evil'`)).rows).toEqual([]);
    expect(await refusalOf(first?.uri ?? '')).toBe('42501');
  });

  it('a session there that had become the other group before it was shut out has no way back either', async () => {
    if (first === undefined) throw new Error('not made');
    await restoreAndSee(journey, first);
    const group = `${first.name}`;
    const { rows } = await onServer(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '${group}%owner'`);
    const user = decodeURIComponent(new URL(first.uri).username);
    await withClient(elsewhere(), async (client) => {
      await client.query(`SET ROLE "${rows[0]?.name}"`);
      await quarantine(journey, first?.databaseId ?? '');
      for (const attempt of [
        `GRANT "${rows[0]?.name}" TO "${user}"`,
        `GRANT CONNECT ON DATABASE "${first?.name}" TO "${user}"`,
        `ALTER DATABASE "${first?.name}" CONNECTION LIMIT -1`,
        `ALTER ROLE "${rows[0]?.name}" LOGIN PASSWORD 'evil'`,
        `GRANT CREATE, TEMPORARY ON DATABASE "${first?.name}" TO PUBLIC`,
      ]) {
        await client.query(attempt).catch(() => {}); // whether it is let is told below
      }
    });
    expect(await refusalOf(first.uri)).toBe('42501');
    await restoreAndSee(journey, first);
  });

  it('is locked with the last of its databases, and works in each that is restored', async () => {
    if (first === undefined || second === undefined) throw new Error('not made');
    await quarantine(journey, first.databaseId);
    await quarantine(journey, second.databaseId);
    expect(await refusalOf(elsewhere())).toBe('28P01');
    const { id } = await askRestore(journey, second.databaseId);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    expect(await refusalOf(elsewhere())).toBeNull();
    expect(await refusalOf(first.uri)).toBe('42501');
    await restoreAndSee(journey, first);
  });
});

describe('two databases that share a login, quarantined at the same time', () => {
  it('leave it locked, whichever looked first', async () => {
    const [first, second] = await makeSharing();
    const [one, other] = [await askRemove(journey, first.databaseId), await askRemove(journey, second.databaseId)];
    let isOtherDone = false;
    const ended = await runToEnd(journey, one.id, async (moment, step) => {
      if (isOtherDone || moment !== 'recorded' || step !== 'check_refused') return;
      isOtherDone = true;
      expect(await journey.runHere(other.id)).toMatchObject({ state: 'succeeded' });
    });
    expect(ended).toMatchObject({ state: 'succeeded', failures: 1 });
    expect(await refusalOf(first.uri)).toBe('28P01');
    await restoreAndSee(journey, first);
  });
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
