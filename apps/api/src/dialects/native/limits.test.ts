// An access may be limited to one project or one environment: what lies outside does not exist for it.
import { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, type TestApi } from '../../api.fixture';

let api: TestApi;
let closeStore: () => Promise<void>;
let limited: Secret;
let inside: { database_id: string; credential_id: string; id: string };
let outside: typeof inside;

beforeAll(async () => {
  const testStore = await openTestStore();
  closeStore = testStore.close;
  api = await openTestApi(testStore.secretUrl);
  await addEnvironment(api, 'production');
  const wide = (await makeAccess(api, { scopes: ['admin'] })).token;
  const create = async (body: object) =>
    (await request(api.app).post('/v1/databases').set(bearer(wide)).send(body)).body.action;
  inside = await create({ name: 'inside' });
  outside = await create({ name: 'outside', project: 'second', environment: 'production' });
  const operator = (await makeAccess(api, { scopes: ['operator'] })).token;
  const place = { project: 'default', environment: 'development' };
  const defaults = { engine: 'postgresql', plan: 'small', ...place };
  const scopes = ['public', 'admin', 'credentials'];
  const asked = { name: 'limited', person: 'p', scopes, limits: place, defaults };
  const { body } = await request(api.app).post('/v1/accesses').set(bearer(operator)).send(asked);
  limited = new Secret(body.token);
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

const bearer = (token: Secret) => ({ authorization: `Bearer ${token.reveal()}` });
const get = (path: string) => request(api.app).get(`/v1${path}`).set(bearer(limited));

test('single things outside the limits are not there', async () => {
  const paths = ({ database_id, credential_id, id }: typeof inside) => [
    `/databases/${database_id}`,
    `/databases/${database_id}/credentials`,
    `/credentials/${credential_id}`,
    `/actions/${id}`,
  ];
  for (const path of paths(inside)) expect([path, (await get(path)).status]).toEqual([path, 200]);
  for (const path of paths(outside)) expect([path, (await get(path)).status]).toEqual([path, 404]);
});

test('lists hold what is inside', async () => {
  const ids = async (path: string) => (await get(path)).body.data.map(({ id }: { id: string }) => id);
  expect(await ids('/databases')).toEqual([inside.database_id]);
  expect(await ids('/actions')).toEqual([inside.id]);
  expect(await ids(`/actions?database_id=${outside.database_id}`)).toEqual([]);
});

test('another project or environment cannot be named, to list or to make', async () => {
  for (const [field, value] of [
    ['project', 'second'],
    ['environment', 'production'],
  ] as const) {
    const listed = await get(`/databases?${field}=${value}`);
    expect([listed.status, listed.body.errors[0].field]).toEqual([422, field]);
    const asked = { name: 'more', [field]: value };
    const made = await request(api.app).post('/v1/databases').set(bearer(limited)).send(asked);
    expect([made.status, made.body.code, made.body.errors[0].field]).toEqual([422, 'unknown_reference', field]);
  }
});
