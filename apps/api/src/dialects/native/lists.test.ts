// Lists: pages that miss nothing and repeat nothing, and filters.
import type { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';

let api: TestApi;
let token: Secret;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  await addEnvironment(api, 'production');
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'operator'] })).token;
  for (let index = 1; index <= 7; index++) await create({ name: `db${index}` });
  await create({ name: 'db1', project: 'second', environment: 'production' });
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

async function create(body: object): Promise<{ id: string; database_id: string }> {
  const answer = await request(api.app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' }).send(body);
  return answer.body.action;
}

async function get(path: string): Promise<{ data: { name: string; id: string }[]; next_cursor: string | null }> {
  const answer = await request(api.app).get(`/v1${path}`).auth(token.reveal(), { type: 'bearer' });
  expect(answer.status).toBe(200);
  return answer.body;
}

async function names(path: string): Promise<string[]> {
  return (await get(path)).data.map(({ name }) => name);
}

test('pages follow each other, newest first, without gap or repetition, also while rows are added', async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof get>> = await get(`/databases?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
    expect(page.data.length).toBeLessThanOrEqual(3);
    seen.push(...page.data.map(({ name }) => name));
    cursor = page.next_cursor;
    if (seen.length === 3) await create({ name: 'late' });
  } while (cursor !== null);
  expect(seen).toEqual(['db1', 'db7', 'db6', 'db5', 'db4', 'db3', 'db2', 'db1']);
});

test('a page that is just full is the last one', async () => {
  const all = await get('/databases');
  const full = await get(`/databases?limit=${all.data.length}`);
  expect(full).toEqual({ data: all.data, next_cursor: null });
});

test('filters narrow, each and together; deleted ones are shown when asked for', async () => {
  expect(await names('/databases?name=db1')).toEqual(['db1', 'db1']);
  expect(await names('/databases?name=db1&project=second')).toEqual(['db1']);
  expect(await names('/databases?environment=production')).toEqual(['db1']);
  expect(await names('/databases?state=available')).toEqual([]);
  const gone = await create({ name: 'gone' });
  await succeed(api, gone.id);
  expect(await names('/databases?state=available')).toEqual(['gone']);
  const path = `/v1/databases/${gone.database_id}?purge=true`;
  const removed = await request(api.app).delete(path).auth(token.reveal(), { type: 'bearer' });
  await succeed(api, removed.body.action.id);
  expect(await names('/databases?name=gone')).toEqual([]);
  expect(await names('/databases?state=deleted')).toEqual(['gone']);
  const actions = await get(`/actions?database_id=${gone.database_id}`);
  expect(actions.data.map(({ id }) => id)).toEqual([removed.body.action.id, gone.id]);
  expect((await get('/actions?state=succeeded&limit=1')).data.map(({ id }) => id)).toEqual([removed.body.action.id]);
});
