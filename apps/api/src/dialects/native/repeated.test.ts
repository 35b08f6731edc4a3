// Every route that writes is done once and recorded once: with an Idempotency-Key the second answer is the first one's, word
// for word, whatever has become of the thing since, and the audit has who, from where, before and after. A route that is
// added is tried by itself.
import { SCOPES, type Secret } from '@berth/core';
import type { Access } from '@berth/store';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { bearer, furnish, idFor, type Row, sendRow, TABLE, type Things } from './routes.fixture';

let testStore: TestStore;
let api: TestApi;
let token: Secret;
let access: Access;
let there: Things;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  ({ token, access } = await makeAccess(api, { scopes: [...SCOPES] }));
  there = await furnish(api, api.team, 'there');
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const sql = (text: string, values: unknown[] = []) =>
  withClient(testStore.url, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
const post = (path: string, body: object = {}) => request(api.app).post(`/v1${path}`).set(bearer(token)).send(body);
const patch = (path: string, key: string, body: object) =>
  request(api.app).patch(`/v1${path}`).set(bearer(token)).set('Idempotency-Key', key).send(body);
const deeds = async () => (await sql(`SELECT deed FROM audit ORDER BY number`)).map(({ deed }) => deed);

const quarantine = async ({ database }: Things) => {
  await api.context.store.databases.becomeQuarantined(database, 7);
  return database;
};

/** What has to be so before a route does anything; the id that it is about then. */
const PREPARATIONS: Record<string, (things: Things) => Promise<string>> = {
  'post /databases/:id/restore': quarantine,
  'post /databases/:id/extend': quarantine,
  'post /actions/:id/cancel': async ({ database }) => (await post(`/databases/${database}/credentials`)).body.action.id,
  'post /actions/:id/retry': async ({ database }) => {
    const { id } = (await post(`/databases/${database}/credentials`)).body.action;
    await api.context.store.actions.fail(await claim(api, id), 'engine_refused', 'No.');
    return id;
  },
  'delete /credentials/:id/grants/:database_id': async ({ credential }) => {
    const { body } = await post(`/credentials/${credential}/grants`, { database: there.database, role: 'readonly' });
    await succeed(api, body.action.id);
    return credential;
  },
};

/** Makes something, beside those that have no id in their path. */
const MAKES = ['post /servers/:id/adopt', 'post /databases/:id/credentials', 'post /credentials/:id/grants'];
/** Of these a row stays, which shows what became of it. */
const STAYS = ['delete /accesses/:id'];
/** A look at a server that changes nothing of ours. */
const LOOKS = ['post /servers/:id/preflight', 'post /servers/:id/refresh', 'post /servers/:id/drift'];

/** The newest entry tells who did it to what, what it was, and what it became: null for what was not there, or is gone. */
async function expectRecorded(name: string, { method, noun }: Row, id: string): Promise<void> {
  const [entry] = await sql('SELECT * FROM audit ORDER BY number DESC LIMIT 1');
  const who = { access_id: access.id, person: access.person, address: '127.0.0.1' };
  expect(entry).toMatchObject({ ...who, outcome: 'done', error_code: null });
  const isMaking = (method === 'post' && noun === null) || MAKES.includes(name);
  if (!isMaking && noun !== 'action') expect(entry?.subject_id).toBe(id);
  expect(entry?.before === null).toBe(isMaking || LOOKS.includes(name));
  if (noun === 'action') return; // the action itself tells what becomes of it
  expect(entry?.after === null).toBe((method === 'delete' && !STAYS.includes(name)) || LOOKS.includes(name));
}

/** Lets what was asked for come to its end, so that the second request meets another world. */
async function goOn(answer: request.Response): Promise<void> {
  const { id, state } = answer.body.action ?? {};
  if (state === 'queued') await succeed(api, id);
}

const WRITES = TABLE.filter(({ method }) => method !== 'get').map((row): [string, Row] => [
  `${row.method} ${row.path}`,
  row,
]);

test.each(WRITES)('%s', async (name, row) => {
  const fresh = await furnish(api, api.team, `fresh${WRITES.findIndex(([each]) => each === name)}`);
  const id = (await PREPARATIONS[name]?.(fresh)) ?? idFor(row, fresh);
  const send = () => sendRow(api, row, id, there.database, { ...bearer(token), 'Idempotency-Key': name });
  const first = await send();
  expect([first.status < 300, first.get('idempotency-replayed')]).toEqual([true, undefined]);
  await expectRecorded(name, row, id);
  await goOn(first);
  const before = await deeds();
  const second = await send();
  expect([second.status, second.text, second.get('location')]).toEqual([
    first.status,
    first.text,
    first.get('location'),
  ]);
  expect(second.get('idempotency-replayed')).toBe('true');
  expect(await deeds()).toEqual(before); // neither done again nor refused
  const other = await patch(`/teams/${fresh.team}`, name, { database_quota: 3 });
  expect([other.status, other.body.code]).toEqual([422, 'key_reused']);
});

test('a refused change keeps no key, on any route that changes or deletes', async () => {
  for (const [name, row] of WRITES.filter(([, { noun }]) => noun !== null)) {
    const headers = { ...bearer(token), 'Idempotency-Key': `refused ${name}` };
    const { status } = await sendRow(api, row, 'x', there.database, headers);
    expect([name, status]).toEqual([name, 404]);
  }
  expect(await sql(`SELECT key FROM idempotency_keys WHERE key LIKE 'refused %'`)).toEqual([]);
});

describe('PATCH /v1/databases/:id with a plan', () => {
  const large = { name: 'large', engine: 'postgresql', sizeBytesMax: 2n ** 31n, connectionsMax: 30 } as const;
  let id: string;

  beforeAll(async () => {
    await api.context.store.catalog.ensurePlan(large);
    ({ database: id } = await furnish(api, api.team, 'planned'));
  });

  test('repeated when the plan is changed, and when it was changed back, it is answered as it was the first time', async () => {
    const send = () => patch(`/databases/${id}`, 'to large', { plan: 'large', labels: { tier: 'gold' } });
    const first = await send();
    expect([first.status, first.body.action.kind]).toEqual([202, 'database_update']);
    expect((await send()).text).toBe(first.text);
    await succeed(api, first.body.action.id);
    expect((await send()).text).toBe(first.text);
    await succeed(api, (await patch(`/databases/${id}`, 'back', { plan: 'small' })).body.action.id);
    expect((await send()).text).toBe(first.text);
    await sql(`UPDATE idempotency_keys SET answer_sealed = NULL WHERE key = 'to large'`); // it died before it answered
    expect((await send()).body.action.id).toBe(first.body.action.id);
    expect((await api.context.store.databases.find(id))?.plan.name).toBe('small');
  });

  test('one that named the plan it had is not an action when it is repeated, whatever plan it has by then', async () => {
    const send = () => patch(`/databases/${id}`, 'small already', { plan: 'small', protected: false });
    const first = await send();
    expect([first.status, first.body.plan]).toEqual([200, 'small']);
    await succeed(api, (await patch(`/databases/${id}`, 'large now', { plan: 'large' })).body.action.id);
    const second = await send();
    expect([second.status, second.text]).toEqual([200, first.text]);
    await sql(`UPDATE idempotency_keys SET answer_sealed = NULL WHERE key = 'small already'`);
    expect((await send()).body.code).toBe('repeated');
    expect((await api.context.store.databases.find(id))?.plan.name).toBe('large');
  });
});

test('a key of yesterday is a new one, also where nobody has forgotten it yet', async () => {
  const { database } = await furnish(api, api.team, 'aged');
  const send = (age: string) => patch(`/databases/${database}`, 'aged', { labels: { age } });
  expect((await send('one')).status).toBe(200);
  await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'aged'`);
  const answer = await send('two');
  expect([answer.status, answer.body.labels, answer.get('idempotency-replayed')]).toEqual([
    200,
    { age: 'two' },
    undefined,
  ]);
});

test('who sees a login no more, because the grant was taken away, still hears that it was', async () => {
  const { credential, database } = await furnish(api, api.team, 'inside');
  const { body } = await post(`/credentials/${credential}/grants`, { database: there.database, role: 'readonly' });
  await succeed(api, body.action.id);
  const limited = await makeAccess(api, { scopes: ['admin', 'public'] });
  const { id: second } = (await api.context.store.catalog.findProject(api.team.id, 'second')) ?? { id: '' };
  await sql('UPDATE databases SET project_id = $1 WHERE id = $2', [second, database]);
  await sql('UPDATE accesses SET limit_project_id = $1 WHERE id = $2', [second, limited.access.id]);
  const send = (key: string) =>
    request(api.app)
      .delete(`/v1/credentials/${credential}/grants/${database}`)
      .set({ ...bearer(limited.token), 'Idempotency-Key': key });
  const first = await send('leave');
  expect(first.status).toBe(202);
  await succeed(api, first.body.action.id);
  expect((await send('leave')).text).toBe(first.text);
  expect((await send('leave again')).status).toBe(404);
});
