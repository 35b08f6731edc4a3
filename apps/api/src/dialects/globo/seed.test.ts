// The vendor's documentation, replayed: each request as it is printed there, each answer held against the printed one, field by
// field. What a worker does is done to the store by hand; the journey globo.live.test.ts has curl send the same lines.
import request from 'supertest';
import { API, as, openStreet, pathOf, type Street, worked } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street.close());

const get = (url: string) => as(street, 'manager').get(url);
const json = 'content-type';

/** Every printed field is there, in the printed order and of the printed type; nothing else is. */
function expectLike(answer: unknown, printed: unknown): void {
  expect(shapeOf(answer)).toEqual(shapeOf(printed));
  expect(keysOf(answer)).toEqual(keysOf(printed));
}

function shapeOf(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shapeOf(v)]));
  if (typeof value !== 'string') return typeof value;
  return /^http:\/\/[^/]+\/(globo\/)?api\/[a-z]+\/(\d+\/)?$/.test(value) ? 'link' : 'string';
}

const keysOf = (value: unknown) => Object.keys(Object(value));

const LINK = 'http://localhost:8000/api/database/1/';
const PRINTED_DATABASE = {
  _links: { self: LINK },
  id: 1,
  name: 'test_database2',
  endpoint: 'mongodb://<user>:<password>@127.0.0.1:27017/test_database2',
  plan: 'http://localhost:8000/api/plan/1/',
  environment: 'http://localhost:8000/api/environment/1/',
  project: null,
  quarantine_dt: null,
  total_size_in_bytes: 0,
  used_size_in_bytes: 16924,
  credentials: ['http://localhost:8000/api/credential/1/'],
};
const PRINTED_LISTED_CREDENTIAL = {
  _links: { self: 'http://localhost:8000/api/credential/1/' },
  id: 1,
  user: 'u_test_database2',
  database: LINK,
};
const PRINTED_CREDENTIAL = { ...PRINTED_LISTED_CREDENTIAL, password: '26WcA33q6F' };

test('POST /api/database/ answers as printed, with the name as a slug and a first credential', async () => {
  const { environment, plan } = street;
  const body = `{ "name": "test database2", "plan": "${plan}", "environment": "${environment}" }`;
  const sent = as(street, 'manager').post(`${API}/database/`).set(json, 'application/json').send(body);
  const answer = await worked(street, sent);
  expect([answer.status, answer.get(json)]).toEqual([201, 'application/json']);
  expectLike(answer.body, PRINTED_DATABASE);
  expect(answer.get('location')).toBe(answer.body._links.self);
  expect(answer.body).toMatchObject({ name: 'test_database2', project: null, quarantine_dt: null });
  expect(answer.body.endpoint).toMatch(/^postgresql:\/\/<user>:<password>@[^/]+\/test_database2\?/);
  expect([answer.body.total_size_in_bytes, answer.body.used_size_in_bytes]).toEqual([1024 ** 3, 7_000_000]);
});

test('GET /api/database/ and /api/database/some_id answer as printed, with and without the last slash', async () => {
  const list = await get(`${API}/database/`).expect(200);
  expectLike(list.body, {
    _links: { count: 6, self: 'http://localhost:8000/api/database/', previous: null, next: null },
    database: [PRINTED_DATABASE],
  });
  const [first] = list.body.database;
  const one = await get(pathOf(first._links.self)).expect(200);
  expect(one.body).toEqual(first);
  const slashless = await get(pathOf(first._links.self).replace(/\/$/, '')).expect(200);
  expect(slashless.body).toEqual(first);
});

test('the credentials answer as printed: the list without a password, one with it, a new one, and a reset', async () => {
  const list = await get(`${API}/credential/`).expect(200);
  expectLike(list.body, {
    _links: { count: 10, self: 'http://localhost:8000/api/credential/', previous: null, next: null },
    credential: [PRINTED_LISTED_CREDENTIAL],
  });
  expect(list.body.credential[0].user).toBe('u_test_database2');
  const self = pathOf(list.body.credential[0]._links.self);
  const one = await get(self).expect(200);
  expectLike(one.body, PRINTED_CREDENTIAL);

  const database = pathOf(one.body.database).replace('/globo', '');
  const body = `{ "user": "u_myusr1", "database": "${database}" }`;
  const sent = as(street, 'manager').post(`${API}/credential/`).set(json, 'application/json').send(body);
  const created = await worked(street, sent);
  expect([created.status, created.get('location')]).toEqual([201, created.body._links.self]);
  expectLike(created.body, PRINTED_CREDENTIAL);
  expect(created.body.user).toBe('u_myusr1');

  const empty = as(street, 'manager').post(`${self}reset_password/`).set(json, 'application/x-www-form-urlencoded');
  const reset = await worked(street, empty.send(''));
  expect(reset.status).toBe(200);
  expectLike(reset.body, PRINTED_CREDENTIAL);
  expect(reset.body.password).not.toBe(one.body.password);
  expect((await get(self)).body).toEqual(reset.body);
});

test('DELETE /api/credential/some_id/ removes it, with nothing in the answer', async () => {
  const { body } = await get(`${API}/credential/`);
  const self = pathOf(body.credential[1]._links.self);
  const answer = await worked(street, as(street, 'manager').delete(self));
  expect([answer.status, answer.text]).toEqual([204, '']);
  await get(self).expect(404);
  expect((await get(`${API}/credential/`)).body._links.count).toBe(1);
});

test('DELETE /api/database/some_id/ puts it into quarantine, and when it is there deletes it', async () => {
  const { body } = await get(`${API}/database/`);
  const self = pathOf(body.database[0]._links.self);
  const first = await worked(street, as(street, 'manager').delete(self));
  expect([first.status, first.text]).toEqual([204, '']);
  const kept = await get(self).expect(200);
  expect(kept.body.quarantine_dt).toBe(new Date().toISOString().slice(0, 10));
  const second = await worked(street, as(street, 'manager').delete(self));
  expect([second.status, second.text]).toEqual([204, '']);
  const gone = await get(self).expect(404);
  expect(gone.body).toEqual({ _links: { self: expect.stringContaining(self) }, detail: 'Not found' });
});

test('answers are written as Python writes JSON, indented where Accept asks for it', async () => {
  const { text } = await get(`${API}/environment/`);
  expect(text).toMatch(/^\{"_links": \{"count": 2, "self": "http:\/\/[^"]+", "previous": null, "next": null\}, "env/);
  const indented = await get(`${API}/environment/`).set('Accept', 'application/json; indent=4');
  expect(indented.text).toMatch(/^\{\n {4}"_links": \{\n {8}"count": 2,/);
  expect(indented.body).toEqual(JSON.parse(text));
  expect((await request(street.app).get(`${API}/`)).status).toBe(401);
});
