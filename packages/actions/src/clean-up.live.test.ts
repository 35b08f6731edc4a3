// What a create did not make is deleted by itself when its time has come, and only that.
import { FAILURES_MAX } from '@berth/core';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { cleanUp } from './clean-up';
import { credentialCreate, databaseCreate } from './kinds';
import { request } from './request';
import { cancelAction, retryAction } from './steer';

const HOUR_MS = 3_600_000;

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const sql = (text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
const nextName = () => `never_${process.pid}_${++count}`;

/** Fails for good at its next claim. */
async function failNow(id: string) {
  await sql('UPDATE actions SET failures = $2 WHERE id = $1', [id, FAILURES_MAX]);
  expect(await journey.runHere(id)).toMatchObject({ state: 'failed' });
}

/** The duty, `hours` from now. */
const cleanUpIn = (hours: number) => {
  const clock = { ...journey.context.clock, now: () => new Date(Date.now() + hours * HOUR_MS) };
  return cleanUp({ ...journey.context, clock }, HOUR_MS);
};

const deletes = (databaseId: string | null) =>
  sql(`SELECT id, requested_by FROM actions WHERE database_id = $1 AND kind LIKE '%_delete'`, [databaseId]);

test('a failed create is kept for its hour, then deleted by Berth itself; name, room and what it made are free', async () => {
  const name = nextName();
  const action = await journey.requestDatabase(name);
  const claimed = await journey.context.store.actions.claim(action.id, 'a worker that dies');
  expect(claimed?.claim).toBe(1);
  await journey.letHoldRunOut(action.id);
  await journey.context.store.actions.releaseExpired(action.id);
  await failNow(action.id);
  await cleanUpIn(0.5);
  expect(await deletes(action.database_id)).toEqual([]);
  await cleanUpIn(2);
  await cleanUpIn(2);
  const [drop, ...more] = await deletes(action.database_id);
  expect({ drop, more }).toMatchObject({ drop: { requested_by: null }, more: [] });
  expect(await journey.runHere(String(drop?.id))).toMatchObject({ state: 'succeeded' });
  expect((await journey.context.store.databases.find(action.database_id ?? ''))?.state).toBe('deleted');
  expect(await journey.requestDatabase(name)).toMatchObject({ state: 'queued' });
});

test('a cancelled create too', async () => {
  const action = await journey.requestDatabase(nextName());
  await cancelAction(journey.context, action.id, journey.access);
  await cleanUpIn(2);
  expect(await deletes(action.database_id)).toHaveLength(1);
});

test('a credential that was never made goes, and its database stays', async () => {
  const create = await journey.requestDatabase(nextName());
  await journey.runHere(create.id);
  const databaseId = create.database_id ?? '';
  const action = await request(journey.context, credentialCreate, { databaseId }, journey.access);
  await failNow(action.id);
  await cleanUpIn(2);
  const [drop] = await deletes(databaseId);
  expect(await journey.runHere(String(drop?.id))).toMatchObject({ kind: 'credential_delete', state: 'succeeded' });
  expect((await journey.context.store.credentials.find(action.credential_id ?? ''))?.state).toBe('deleted');
  expect((await journey.context.store.databases.find(databaseId))?.state).toBe('available');
});

test('what is tried again, protected or made is left alone', async () => {
  const [again, kept, made] = [
    await journey.requestDatabase(nextName()),
    await journey.requestDatabase(nextName()),
    await journey.requestDatabase(nextName()),
  ];
  await failNow(again.id);
  await failNow(kept.id);
  await journey.runHere(made.id);
  await retryAction(journey.context, again.id, journey.access);
  await sql('UPDATE databases SET protected = true WHERE id = $1', [kept.database_id]);
  await cleanUpIn(2);
  for (const { database_id } of [again, kept, made]) expect(await deletes(database_id)).toEqual([]);
});

test('what is not to be kept goes with the next run, failed or called off, and its name is free then; what is made stays', async () => {
  const ask = (name: string) => {
    const input = { ...journey.place, name, ownerLogin: 'auto', dropWhenFailed: true } as const;
    return request(journey.context, databaseCreate, input, journey.access);
  };
  const [failed, cancelled, made] = [await ask(nextName()), await ask(nextName()), await ask(nextName())];
  await cleanUpIn(0);
  await failNow(failed.id);
  await cancelAction(journey.context, cancelled.id, journey.access);
  await journey.runHere(made.id);
  await cleanUpIn(0);
  for (const { database_id } of [failed, cancelled]) {
    const [drop] = await deletes(database_id);
    const name = (await journey.context.store.databases.find(database_id ?? ''))?.name ?? '';
    expect(await ask(name)).toMatchObject({ state: 'queued' });
    expect(await journey.runHere(String(drop?.id))).toMatchObject({ state: 'succeeded' });
  }
  expect(await deletes(made.database_id)).toEqual([]);
});
