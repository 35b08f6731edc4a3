// `Prefer: wait=N`: answered when the action has ended, when the time is over, or when the process stops.
import type { Secret } from '@berth/core';
import { eventually, openTestStore } from '@berth/testing';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { databaseAccepted } from './shapes.fixture';

let api: TestApi;
let token: Secret;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin'] })).token;
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

/** Sends a create that waits, without awaiting its answer. */
async function createWaiting(name: string, prefer: string) {
  const sent = request(api.app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' }).set('prefer', prefer);
  const answer = sent.send({ name }).then((response) => response);
  const { data } = await eventually(async () => {
    const page = await api.context.store.databases.list({ name }, { cursor: null, limit: 1 });
    return page.data.length === 1 && page;
  });
  const databaseId = data[0]?.id ?? '';
  const actions = await api.context.store.actions.list({ databaseId }, { cursor: null, limit: 1 });
  return { answer, actionId: actions.data[0]?.id ?? '' };
}

test('an action that ends in time is answered with 200 and what became of its database', async () => {
  const { answer, actionId } = await createWaiting('quick', 'wait=60');
  await succeed(api, actionId);
  const { status, body, headers } = await answer;
  expect([status, headers['preference-applied'], headers.location]).toEqual([
    200,
    'wait=60',
    `/v1/actions/${actionId}`,
  ]);
  const { action, database } = databaseAccepted.parse(body);
  expect([action.state, database.state]).toEqual(['succeeded', 'available']);
});

test('a failed action is answered with 200 as well', async () => {
  const { answer, actionId } = await createWaiting('hopeless', 'respond-async, wait="30"');
  await api.context.store.actions.fail(await claim(api, actionId), 'engine_refused', 'The server refused.');
  const { status, body } = await answer;
  expect([status, body.action.state, body.action.error.code]).toEqual([200, 'failed', 'engine_refused']);
});

test('after the time it is 202, with the action as it is then', async () => {
  const startedMs = performance.now();
  const { answer } = await createWaiting('slow', 'wait=1');
  const { status, body, headers } = await answer;
  expect([status, body.action.state, headers['preference-applied']]).toEqual([202, 'queued', 'wait=1']);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1_000);
});

test('wait=0 does not wait, more than 60 is 60, and what is no number is not applied', async () => {
  const applied = async (prefer: string, name: string) => {
    const { answer, actionId } = await createWaiting(name, prefer);
    await succeed(api, actionId);
    return (await answer).headers['preference-applied'];
  };
  expect(await applied('wait=0', 'zero')).toBe('wait=0');
  expect(await applied('wait=3600', 'long')).toBe('wait=60');
  expect(await applied('wait=soon', 'soon')).toBeUndefined();
  expect(await applied('wait', 'bare')).toBeUndefined();
  expect(await applied('handling=strict; wait=5', 'parameter')).toBeUndefined();
  expect(await applied('WAIT = 7 ; x=1, wait=9', 'spaced')).toBe('wait=7');
});

test('who waits is answered at once when the process stops', async () => {
  const { answer } = await createWaiting('stopped', 'wait=60');
  api.stopping.abort();
  const { status, body } = await answer;
  expect([status, body.action.state]).toEqual([202, 'queued']);
});
