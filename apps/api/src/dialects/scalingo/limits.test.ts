// How often one may come, and what a delete leaves where operators keep it all the same.
import { openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { appBeside, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { openRateLimits } from '../../http/rate-limits';
import { API, exchange, makeSigner } from './street.fixture';

let testStore: TestStore;
let api: TestApi;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { change: { hiddenQuarantine: ['scalingo'] } });
});
beforeEach(() => {
  const limits = openRateLimits({ refusalsPerMinute: 3, requestsPerMinute: 10 });
  api = { ...api, app: appBeside(api, { limits }) };
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const LATER = { error: 'Retry later' };

test('who exchanges wrong tokens, or sends them, is told to retry later, in JSON', async () => {
  for (let wrong = 0; wrong < 3; wrong += 1) expect((await exchange(api, 'x')).status).toBe(401);
  const limited = await exchange(api, 'x');
  expect([limited.status, limited.body, Number(limited.get('retry-after')) > 0]).toEqual([429, LATER, true]);
  const sent = await request(api.app).get(`${API}/v1/databases`).set('Authorization', 'Bearer a.b.c');
  expect([sent.status, sent.body]).toEqual([429, LATER]);
});

test('right tokens are exchanged as often as the access may ask for anything', async () => {
  const { bearer, token } = await makeSigner(api, ['public']);
  for (let more = 0; more < 9; more += 1) expect((await exchange(api, token)).status).toBe(200);
  expect((await exchange(api, token)).body).toEqual(LATER);
  const read = await request(api.app).get(`${API}/v1/databases`).set('Authorization', `Bearer ${bearer}`);
  expect([read.status, read.body]).toEqual([429, LATER]);
});

test('what is kept all the same is gone for its client, and its name is free at once', async () => {
  const { bearer } = await makeSigner(api, ['public', 'admin']);
  const { token } = await makeAccess(api, { scopes: ['operator', 'public'] });
  const as = request.agent(api.app).set('Authorization', `Bearer ${bearer}`);
  const database = { name: 'kept-db', technology: 'postgresql', plan: 'small' };
  const finish = async () => {
    const { data } = await api.context.store.actions.list({ state: 'queued' }, { cursor: null, limit: 1 });
    await succeed(api, data[0]?.id ?? '');
    return data[0]?.kind;
  };
  const { body } = await as.post(`${API}/v1/databases`).send({ database }).expect(201);
  await finish();
  await as.delete(`${API}/v1/apps/kept-db?current_name=kept-db`).expect(204);
  expect(await finish()).toBe('database_quarantine');
  await as.get(`${API}/v1/databases/${body.database.id}`).expect(404);
  await as.post(`${API}/v1/databases`).send({ database }).expect(201);
  const operators = request(api.app).get('/v1/databases?state=quarantined');
  const kept = await operators.set('Authorization', `Bearer ${token.reveal()}`).expect(200);
  expect(kept.body.data).toMatchObject([{ name: 'kept-db' }]);
});
