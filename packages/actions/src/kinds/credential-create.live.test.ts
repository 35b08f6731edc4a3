// One new login for several databases of a server, in one action: it works in each, or it is not made.
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { evidenceOf, takeOver } from '@berth/testing/quarantine';
import { runAction } from '@berth/testing/run-action';
import { request } from '../request';
import { credentialCreate, databaseDelete, databaseRemove } from '.';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const name = () => {
  count += 1;
  return `several_${process.pid}_${count}`;
};

async function makeDatabase(): Promise<string> {
  const action = await journey.requestDatabase(name());
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  return action.database_id ?? '';
}

const ask = (databaseId: string, alsoIn: string[], role: 'owner' | 'readonly' = 'owner') =>
  request(journey.context, credentialCreate, { databaseId, alsoIn, role, username: name() }, journey.access);

async function isLetIn(id: string | null, databaseId: string): Promise<boolean> {
  const uri = new URL(await journey.uriOf(id ?? ''));
  uri.pathname = `/${(await journey.context.store.databases.find(databaseId))?.engine_name}`;
  return (await journey.engine.refusalOf(uri.href)) === null;
}

const stateOf = async (id: string | null) => (await journey.context.store.credentials.find(id ?? ''))?.state;

async function runs(id: string) {
  const ended = await journey.runHere(id);
  expect(ended).toMatchObject({ state: 'succeeded', error_message: null });
  return ended;
}

test('it works in each of them, and each step tells what was seen', async () => {
  const [one, other, third] = [await makeDatabase(), await makeDatabase(), await makeDatabase()];
  const asked = await ask(one, [other, third], 'readonly');
  const ended = await runs(asked.id);
  expect(ended.steps.map((step) => step.name)).toEqual(asked.step_names);
  expect(evidenceOf(ended, 'grant_others')).toEqual({ databases: [other, third], role: 'readonly' });
  expect(evidenceOf(ended, 'check_others')).toEqual({ databases: [other, third], lacking: [] });
  for (const id of [one, other, third]) expect(await isLetIn(asked.credential_id, id)).toBe(true);
  const login = await journey.context.store.credentials.find(asked.credential_id ?? '');
  expect(await journey.view.findLimit(login?.engine_username ?? '')).toBe(60);
});

test('a worker killed in between: the next one ends it', async () => {
  const moments = ['performed:create_login', 'performed:grant_others', 'recorded:check_others'];
  const databases = [await makeDatabase(), await makeDatabase()];
  // one after the other: they stand in the line of their database
  for (const moment of moments) {
    const { id, credential_id } = await ask(databases[0] ?? '', databases.slice(1));
    await journey.killInAll(new Map([[id, moment]]));
    await takeOver(journey, id);
    for (const each of databases) expect(await isLetIn(credential_id, each)).toBe(true);
  }
});

test('one that was quarantined before its turn is not opened by it, and the login is not made', async () => {
  const [one, other] = [await makeDatabase(), await makeDatabase()];
  const asked = await ask(one, [other]);
  const wish = { keepSeenIn: 'available' };
  await runs((await request(journey.context, databaseRemove, { databaseId: other, wish }, journey.access)).id);
  expect(await journey.runHere(asked.id)).toMatchObject({ state: 'failed', error_code: 'contradicts' });
  expect(await stateOf(asked.credential_id)).toBe('failed');
  const login = await journey.context.store.credentials.find(asked.credential_id ?? '');
  expect(await journey.view.hasLogin(login?.engine_username ?? '')).toBe(false);
});

test('a quarantine of any of them waits while the login is being made, and then shuts it out', async () => {
  const [one, other] = [await makeDatabase(), await makeDatabase()];
  const asked = await ask(one, [other]);
  const wish = { keepSeenIn: 'available' };
  const input = { databaseId: other, wish };
  const quarantine = await request(journey.context, databaseRemove, input, journey.access);
  const ended = await runAction(journey.context, asked.id, {
    onMoment: async (moment, step) => {
      if (`${moment}:${step}` !== 'performed:grant_others') return;
      expect(await journey.runHere(quarantine.id)).toMatchObject({ state: 'queued', claim: 0 });
    },
  });
  expect(ended).toMatchObject({ state: 'succeeded' });
  await runs(quarantine.id);
  expect([await isLetIn(asked.credential_id, one), await isLetIn(asked.credential_id, other)]).toEqual([true, false]);
});

test('one that was deleted before its turn is left out', async () => {
  const [one, other] = [await makeDatabase(), await makeDatabase()];
  const asked = await ask(one, [other]);
  await runs((await request(journey.context, databaseDelete, { databaseId: other }, journey.access)).id);
  const ended = await runs(asked.id);
  expect(evidenceOf(ended, 'grant_others')).toMatchObject({ databases: [] });
  expect(await isLetIn(asked.credential_id, one)).toBe(true);
});

test('goes with its last database, and not before', async () => {
  const [one, other] = [await makeDatabase(), await makeDatabase()];
  const asked = await ask(one, [other]);
  await runs(asked.id);
  await runs((await request(journey.context, databaseDelete, { databaseId: one }, journey.access)).id);
  expect(await isLetIn(asked.credential_id, other)).toBe(true);
  await runs((await request(journey.context, databaseDelete, { databaseId: other }, journey.access)).id);
  expect(await stateOf(asked.credential_id)).toBe('deleted');
});

test('several asked for at once for the same databases in another order are all made', async () => {
  const [one, other] = [await makeDatabase(), await makeDatabase()];
  const asked = await Promise.all(
    Array.from({ length: 6 }, (_, index) => (index % 2 ? ask(one, [other]) : ask(other, [one]))),
  );
  for (const { id } of asked.sort((a, b) => a.number - b.number)) await runs(id);
  await withClient(journey.storeUrl, async (client) => {
    expect((await client.query('SELECT * FROM held_credentials')).rows).toEqual([]);
  });
});
