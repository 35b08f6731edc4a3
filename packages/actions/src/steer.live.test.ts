// Cancelling and trying again: what was promised is taken back, what was given up is on its way again, and what stands
// against it is named.
import { codeOf, FAILURES_MAX } from '@berth/core';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { credentialCreate, credentialDelete, credentialReset, databaseDelete } from './kinds';
import { request } from './request';
import { cancelAction, retryAction } from './steer';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const sql = (text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
const nextName = () => `steer_${process.pid}_${++count}`;
const cancel = (id: string) => cancelAction(journey.context, id, journey.access);
const retry = (id: string) => retryAction(journey.context, id, journey.access);
const stateOf = async (id: string | null) => (await journey.context.store.databases.find(id ?? ''))?.state;

async function made() {
  const { id, database_id, credential_id } = await journey.requestDatabase(nextName());
  await journey.runHere(id);
  return { databaseId: database_id ?? '', credentialId: credential_id ?? '' };
}

/** A create that used up its tries: the next claim fails it for good. */
async function failedCreate() {
  const action = await journey.requestDatabase(nextName());
  await sql('UPDATE actions SET failures = $2 WHERE id = $1', [action.id, FAILURES_MAX]);
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'failed', error_code: 'worker_lost' });
  return action;
}

async function refusal(work: Promise<unknown>) {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  return error;
}

describe('cancelling', () => {
  it('a queued create fails its database and its login, and nothing is made', async () => {
    const action = await journey.requestDatabase(nextName());
    expect(await cancel(action.id)).toMatchObject({ state: 'cancelled', claim: 0 });
    expect(await stateOf(action.database_id)).toBe('failed');
    expect((await journey.context.store.credentials.find(action.credential_id ?? ''))?.state).toBe('failed');
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'cancelled', claim: 0 });
    expect(await cancel(action.id)).toMatchObject({ state: 'cancelled' }); // safe to repeat
    const audited = await sql(
      `SELECT deed, person, subject_id, before, after FROM audit WHERE action_id = $1 AND deed = 'action_cancel'`,
      [action.id],
    );
    const change = { before: { state: 'queued' }, after: { state: 'cancelled' } };
    const { person } = journey.access;
    expect(audited).toEqual([{ deed: 'action_cancel', person, subject_id: action.database_id, ...change }]);
  });

  it('a running create is asked to stop, once more does not hurt', async () => {
    const action = await journey.requestDatabase(nextName());
    const { actions } = journey.context.store;
    const claimed = await actions.claim(action.id, 'a worker');
    expect(await cancel(action.id)).toMatchObject({ state: 'running' });
    expect(await cancel(action.id)).toMatchObject({ state: 'running' });
    expect(await actions.renew({ id: action.id, claim: claimed?.claim ?? 0 })).toEqual({ cancelRequested: true });
  });

  it('a queued delete gives the database and its name back', async () => {
    const { databaseId } = await made();
    const before = await journey.context.store.databases.find(databaseId);
    const action = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    await cancel(action.id);
    expect(await journey.context.store.databases.find(databaseId)).toEqual(before);
    const login = await request(journey.context, credentialCreate, { databaseId }, journey.access);
    expect(await journey.runHere(login.id)).toMatchObject({ state: 'succeeded' });
  });

  it('a queued delete leaves nothing of what it called off half promised', async () => {
    const action = await journey.requestDatabase(nextName());
    const databaseId = action.database_id ?? '';
    const drop = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    expect(await journey.context.store.actions.find(action.id)).toMatchObject({ state: 'cancelled' });
    await cancel(drop.id);
    expect(await stateOf(databaseId)).toBe('failed'); // to be tried again by asking anew, or cleaned up
    expect((await journey.context.store.credentials.find(action.credential_id ?? ''))?.state).toBe('failed');
  });

  it('a delete of the database lets a reset that was begun end first', async () => {
    const { databaseId, credentialId } = await made();
    const reset = await request(journey.context, credentialReset, { credentialId }, journey.access);
    const claimed = await journey.context.store.actions.claim(reset.id, 'a worker');
    if (claimed !== null)
      await journey.context.store.actions.postpone(claimed, 0, {
        code: 'server_unreachable',
        message: 'It is away.',
        isCounted: false,
        isUnreached: false,
      });
    const drop = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    expect(await journey.runHere(drop.id)).toMatchObject({ state: 'queued' }); // not its turn yet
    expect(await journey.runHere(reset.id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.runHere(drop.id)).toMatchObject({ state: 'succeeded' });
  });

  it('a queued delete whose name another has by now is refused, and the delete stands', async () => {
    const { databaseId } = await made();
    const name = (await journey.context.store.databases.find(databaseId))?.name ?? '';
    const action = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    await journey.requestDatabase(name);
    expect(codeOf(await refusal(cancel(action.id)))).toBe('name_taken');
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  });

  it('a queued credential_delete gives the login back, a queued credential_create fails its own', async () => {
    const { databaseId, credentialId } = await made();
    const drop = await request(journey.context, credentialDelete, { credentialId }, journey.access);
    await cancel(drop.id);
    expect(await journey.context.store.credentials.find(credentialId)).toMatchObject({
      state: 'active',
      delete_accepted_at: null,
    });
    const create = await request(journey.context, credentialCreate, { databaseId }, journey.access);
    await cancel(create.id);
    expect(await journey.context.store.credentials.find(create.credential_id ?? '')).toMatchObject({ state: 'failed' });
  });

  it('the first in line lets the next one in at once', async () => {
    const { databaseId } = await made();
    const [first, second] = [
      await request(journey.context, credentialCreate, { databaseId }, journey.access),
      await request(journey.context, credentialCreate, { databaseId }, journey.access),
    ];
    await cancel(first.id);
    expect(await journey.context.store.actions.find(second.id)).toMatchObject({ nudges: 2 });
    expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
  });

  it.each(['running', 'begun and put off', 'succeeded'])('a reset that is %s is refused and goes on', async (how) => {
    const { credentialId } = await made();
    const action = await request(journey.context, credentialReset, { credentialId }, journey.access);
    const { actions } = journey.context.store;
    if (how === 'succeeded') await journey.runHere(action.id);
    else {
      const claimed = await actions.claim(action.id, 'a worker');
      if (how !== 'running' && claimed !== null)
        await actions.postpone(claimed, 0, {
          code: 'server_unreachable',
          message: 'It is away.',
          isCounted: false,
          isUnreached: false,
        });
    }
    const before = await actions.find(action.id);
    const error = await refusal(cancel(action.id));
    expect(codeOf(error)).toBe('not_cancellable');
    expect(error).toMatchObject({ actionId: action.id });
    expect(await actions.find(action.id)).toEqual(before);
  });
});

describe('trying again', () => {
  it('a failed create makes the same database with the same password', async () => {
    const action = await failedCreate();
    expect(await stateOf(action.database_id)).toBe('failed');
    expect(await retry(action.id)).toMatchObject({ state: 'queued', failures: 0, error_code: null, nudges: 2 });
    expect(await stateOf(action.database_id)).toBe('creating');
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded', claim: 2 });
    expect(await stateOf(action.database_id)).toBe('available');
    const uri = await journey.uriOf(action.credential_id ?? '');
    await withClient(uri, (client) => client.query('SELECT 1'));
    const events = await sql(`SELECT type FROM events WHERE action_id = $1 ORDER BY number`, [action.id]);
    expect(events.map(({ type }) => type)).toContain('action.retried');
  });

  it('two at once: one of them, and the other is told that it is queued', async () => {
    const action = await failedCreate();
    const both = await Promise.allSettled([retry(action.id), retry(action.id)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await journey.context.store.actions.find(action.id)).toMatchObject({ state: 'queued', nudges: 2 });
  });

  it('after a later delete is refused, naming the delete', async () => {
    const action = await failedCreate();
    const drop = await request(
      journey.context,
      databaseDelete,
      { databaseId: action.database_id ?? '' },
      journey.access,
    );
    for (const _ of ['while it is queued', 'and when it is done']) {
      const error = await refusal(retry(action.id));
      expect(codeOf(error)).toBe('contradicts');
      expect(error).toMatchObject({ actionId: drop.id });
      await journey.runHere(drop.id);
    }
    expect(await stateOf(action.database_id)).toBe('deleted');
  });

  it('a failed delete goes on deleting', async () => {
    const { databaseId } = await made();
    const action = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    await sql('UPDATE actions SET failures = $2 WHERE id = $1', [action.id, FAILURES_MAX]);
    await journey.runHere(action.id);
    await retry(action.id);
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
    expect(await stateOf(databaseId)).toBe('deleted');
  });

  it('a failed create whose own delete failed as well is whole again, and its name is its own', async () => {
    const action = await failedCreate();
    const databaseId = action.database_id ?? '';
    const drop = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    await sql('UPDATE actions SET failures = $2 WHERE id = $1', [drop.id, FAILURES_MAX]);
    await journey.runHere(drop.id);
    await retry(action.id);
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
    const database = await journey.context.store.databases.find(databaseId);
    expect(database).toMatchObject({ state: 'available', delete_accepted_at: null });
    expect(codeOf(await refusal(journey.requestDatabase(database?.name ?? '')))).toBe('name_taken');
  });

  it('a failed delete of a database that is protected by now is refused', async () => {
    const { databaseId } = await made();
    const action = await request(journey.context, databaseDelete, { databaseId }, journey.access);
    await sql('UPDATE actions SET failures = $2 WHERE id = $1', [action.id, FAILURES_MAX]);
    await journey.runHere(action.id);
    await sql('UPDATE databases SET protected = true WHERE id = $1', [databaseId]);
    expect(codeOf(await refusal(retry(action.id)))).toBe('protected');
    expect(await stateOf(databaseId)).toBe('available');
  });

  it.each(['queued', 'succeeded', 'cancelled'])('one that is %s is refused', async (state) => {
    const action = await journey.requestDatabase(nextName());
    if (state === 'succeeded') await journey.runHere(action.id);
    if (state === 'cancelled') await cancel(action.id);
    const error = await refusal(retry(action.id));
    expect([codeOf(error), String(error)]).toEqual(['contradicts', expect.stringContaining(state)]);
  });
});
