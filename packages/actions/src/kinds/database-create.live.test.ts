// A create that fails for good leaves something that can be seen, and that a delete takes away whole; a delete that fails
// for good can be asked for again.
import { PlatformError } from '@berth/core';
import { openTestPostgresql, type TestPostgresql } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { runAction } from '@berth/testing/run-action';
import { request } from '../request';
import { credentialCreate, databaseDelete } from '.';

let server: TestPostgresql;
let journey: Journey;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const CREATE_STEPS = ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'];
/** Of a delete, before and after the data are gone. */
const BEFORE = ['shut_out', 'end_sessions'];
const AFTER = ['drop_database', 'drop_logins', 'check_gone'];

/** Runs the action until after this step, where the server refuses for good. */
const refuseAfter = (id: string, last: string) =>
  runAction(journey.context, id, {
    onMoment: async (moment, step) => {
      if (moment === 'recorded' && step === last) throw new PlatformError('engine_refused', 'No.');
    },
  });

async function failAfter(id: string, last: string): Promise<void> {
  const failed = await refuseAfter(id, last);
  expect(failed).toMatchObject({ state: 'failed', error_code: 'engine_refused', error_message: 'No.' });
}

const drop = async (databaseId: string | null) =>
  (await request(journey.context, databaseDelete, { databaseId: databaseId ?? '' }, journey.access)).id;

async function statesOf({ database_id, credential_id }: { database_id: string | null; credential_id: string | null }) {
  const { databases, credentials } = journey.context.store;
  const [database, credential] = [await databases.find(database_id ?? ''), await credentials.find(credential_id ?? '')];
  return [database?.state, credential?.state];
}

/** Databases and roles on the server whose names begin so. */
async function leftOn(name: string): Promise<string[]> {
  const sql = `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)
    UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)`;
  const { rows } = await withClient(server.url().reveal(), (client) => client.query<{ name: string }>(sql, [name]));
  return rows.map((row) => row.name);
}

describe('a create that fails for good', () => {
  it.each(CREATE_STEPS)('after %s: a delete of it leaves nothing, and its name is free', async (step) => {
    const name = `failed_${step}`;
    const create = await journey.requestDatabase(name);
    await failAfter(create.id, step);
    expect(await statesOf(create)).toEqual(['failed', 'failed']);
    expect(await journey.runHere(await drop(create.database_id))).toMatchObject({ state: 'succeeded' });
    expect(await statesOf(create)).toEqual(['deleted', 'deleted']);
    expect(await leftOn(name)).toEqual([]);
    const again = await journey.requestDatabase(name);
    expect(await journey.context.store.databases.find(again.database_id ?? '')).toMatchObject({ engine_name: name });
  });

  it('keeps its name and is listed until it is deleted', async () => {
    const create = await journey.requestDatabase('kept');
    await failAfter(create.id, 'reserve_names');
    await expect(journey.requestDatabase('kept')).rejects.toMatchObject({ code: 'name_taken' });
    const { data } = await journey.context.store.databases.list({ name: 'kept' }, { cursor: null, limit: 10 });
    expect(data).toMatchObject([{ state: 'failed' }]);
  });

  it('gives way to what stands in line behind it', async () => {
    const create = await journey.requestDatabase('line');
    const input = { databaseId: create.database_id ?? '' };
    const next = await request(journey.context, credentialCreate, input, journey.access);
    await failAfter(create.id, 'reserve_names');
    expect(await journey.runHere(next.id)).toMatchObject({ state: 'failed', error_code: 'engine_refused', nudges: 2 });
    expect(await journey.context.store.credentials.find(next.credential_id ?? '')).toMatchObject({ state: 'failed' });
  });
});

describe('a delete that fails for good', () => {
  it.each(BEFORE)('after %s: asked for again it is done, and who has the name now keeps all', async (step) => {
    const name = `undead_${step}`;
    const create = await journey.requestDatabase(name);
    await journey.runHere(create.id);
    await failAfter(await drop(create.database_id), step);
    expect(await statesOf(create)).toEqual(['available', 'active']);
    const second = await journey.requestDatabase(name);
    expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.runHere(await drop(create.database_id))).toMatchObject({ state: 'succeeded' });
    expect(await statesOf(create)).toEqual(['deleted', 'deleted']);
    await withClient(await journey.uriOf(second.credential_id ?? ''), (client) => client.query('SELECT 1'));
    expect(await leftOn(name)).toHaveLength(3); // the second one: a database, its group and its login
  });
});

describe('a delete', () => {
  it.each(AFTER)(
    'that is refused after %s goes on until it is done, and who has the name now keeps all',
    async (step) => {
      const name = `undead_${step}`;
      const create = await journey.requestDatabase(name);
      await journey.runHere(create.id);
      const id = await drop(create.database_id);
      expect(await refuseAfter(id, step)).toMatchObject({ state: 'queued', failures: 0 });
      const second = await journey.requestDatabase(name);
      expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
      await withClient(journey.storeUrl, (client) => client.query('UPDATE actions SET not_before = NULL'));
      expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
      expect(await statesOf(create)).toEqual(['deleted', 'deleted']);
      await withClient(await journey.uriOf(second.credential_id ?? ''), (client) => client.query('SELECT 1'));
      expect(await leftOn(name)).toHaveLength(3); // the second one: a database, its group and its login
    },
  );

  it('takes the logins that have no other database, and leaves those that have', async () => {
    const [gone, stays] = [await journey.requestDatabase('gone'), await journey.requestDatabase('stays')];
    await journey.runHere(gone.id);
    await journey.runHere(stays.id);
    const { credentials } = journey.context.store;
    const shared = await credentials.find(stays.credential_id ?? '');
    if (shared === null) throw new Error('the login is not there');
    await credentials.grant(shared, gone.database_id ?? '', 'owner');
    expect(await journey.runHere(await drop(gone.database_id))).toMatchObject({ state: 'succeeded' });
    expect(await statesOf(gone)).toEqual(['deleted', 'deleted']);
    expect(await statesOf(stays)).toEqual(['available', 'active']);
    await withClient(await journey.uriOf(stays.credential_id ?? ''), (client) => client.query('SELECT 1'));
  });

  it('of what is already gone from the server is done', async () => {
    const create = await journey.requestDatabase('vanished');
    await journey.runHere(create.id);
    await withClient(server.url().reveal(), async (client) => {
      await client.query('DROP DATABASE vanished');
      const sql = `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'vanished%'`;
      const { rows } = await client.query<{ name: string }>(sql);
      for (const { name } of rows) await client.query(`DROP ROLE "${name}"`);
    });
    expect(await journey.runHere(await drop(create.database_id))).toMatchObject({ state: 'succeeded' });
    expect(await statesOf(create)).toEqual(['deleted', 'deleted']);
  });
});
