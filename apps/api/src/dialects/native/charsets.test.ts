// The character set and collation of a request: what the door refuses, and that what is shown is never what was asked for.
import { openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';

let store: TestStore;
let api: TestApi;
let bearer = '';

beforeAll(async () => {
  store = await openTestStore();
  api = await openTestApi(store.secretUrl);
  bearer = (await makeAccess(api, { scopes: ['public', 'admin'] })).token.reveal();
});
afterAll(async () => {
  await api?.close();
  await store?.close();
});

const call = (method: 'get' | 'post' | 'patch', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(bearer, { type: 'bearer' });

test('what was asked for is kept for the worker, and what is shown is what the server was seen to have', async () => {
  const { status, body } = await call('post', '/databases').send({ name: 'asked', charset: 'latin-1', collation: 'C' });
  expect([status, body.database.charset, body.database.collation]).toEqual([202, null, null]);
  const kept = await api.context.store.databases.find(body.database.id);
  expect(kept).toMatchObject({ asked_charset: 'LATIN1', asked_collation: 'C' });
  await succeed(api, body.action.id);
  const shown = await call('get', `/databases/${body.database.id}`);
  expect(shown.body).toMatchObject({ charset: 'UTF8', collation: 'C.UTF-8' }); // what the fixture's worker saw
  const refused = await call('patch', `/databases/${body.database.id}`).send({ charset: 'UTF8' });
  expect([refused.status, refused.body.errors[0].field]).toEqual([422, 'charset']);
});

test.each([
  ['an unknown one', { charset: 'utf8mb4' }, 'unknown_reference', 'charset'],
  ['none', { charset: '' }, 'invalid_request', 'charset'],
  ['no text', { charset: 8 }, 'invalid_request', 'charset'],
  ['a line', { collation: 'C\nD' }, 'invalid_request', 'collation'],
  ['a long one', { collation: 'C'.repeat(101) }, 'invalid_request', 'collation'],
  ['what no collation is called', { collation: "C'; --" }, 'unknown_reference', 'collation'],
])('%s is refused by its field, asked for or only tried', async (_, asked, code, field) => {
  for (const path of ['/databases', '/databases?dry_run=true']) {
    const { status, body } = await call('post', path).send({ name: 'refused', ...asked });
    expect([status, body.code, body.errors[0].field]).toEqual([422, code, field]);
  }
  expect((await call('get', '/databases?name=refused')).body.data).toEqual([]);
});
