// The vendor's documentation of databases, replayed: each request as it is printed there, each answer held against the printed one,
// field by field. What a worker does is done to the store by hand; the journey scalingo.live.test.ts has real ones.
import { uuidOf } from '@berth/core';
import { API, as, openStreet, type Street, settled } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street.close());

const PRINTED = {
  id: '54100930736f7563d5030000',
  name: 'my-postgres-db',
  project_id: 'pr-82a3cac5-9b25-473e-b33d-6272b87e636f',
  technology: 'postgresql',
  plan: 'postgresql-starter-512',
};

/** The same fields in the same order; ids of the printed form, all else as it is printed. */
function expectPrinted(answer: unknown, printed: typeof PRINTED): void {
  expect(Object.keys(Object(answer))).toEqual(Object.keys(printed));
  const form = (text: string) => text.replace(/[0-9a-f]/g, 'x');
  for (const [field, value] of Object.entries(printed)) {
    const got = String(Reflect.get(Object(answer), field));
    if (field === 'id' || field === 'project_id') expect([field, form(got)]).toEqual([field, form(value)]);
    else expect([field, got]).toEqual([field, value]);
  }
}

/** As curl sends it, with the headers of the documentation. */
const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
const projectId = () => `pr-${uuidOf(street.project.id)}`;
const body = () => `{
    "database": {
      "name": "my-postgres-db",
      "technology": "postgresql",
      "plan": "postgresql-starter-512",
      "project_id": "${projectId()}"
    }
  }`;

test('POST /v1/databases answers as printed with 201, before the database is there', async () => {
  const answer = await as(street).post(`${API}/v1/databases`).set(headers).send(body());
  expect([answer.status, answer.get('content-type')]).toEqual([201, 'application/json; charset=utf-8']);
  expectPrinted(answer.body.database, PRINTED);
  expect(answer.body).toEqual({ database: answer.body.database, apps: answer.body.database });
  expect(answer.body.database.project_id).toBe(projectId());
  expect(answer.get('location')).toBeUndefined();
  await settled(street);
});

test('GET /v1/databases answers as printed', async () => {
  const name = 'my-redis-db'; // of an engine that there is
  const second = { name, technology: 'postgresql', plan: 'small', project_id: projectId() };
  await as(street).post(`${API}/v1/databases`).set(headers).send({ database: second }).expect(201);
  const answer = await as(street).get(`${API}/v1/databases`).set(headers).expect(200);
  expect(Object.keys(answer.body)).toEqual(['databases']);
  expect(answer.body.databases).toHaveLength(2);
  expectPrinted(answer.body.databases[0], PRINTED);
  expectPrinted(answer.body.databases[1], { ...PRINTED, name, plan: 'small' });
  const [one, other] = answer.body.databases;
  expect(one.id).not.toBe(other.id);
  const bare = await as(street).get(`${API}/v1/databases?`).set(headers).expect(200); // as clients in Go write it
  expect(bare.body).toEqual(answer.body);
});

test('GET /v1/databases/[:database] answers as printed, by the name and by the id', async () => {
  const answer = await as(street).get(`${API}/v1/databases/my-postgres-db`).set(headers).expect(200);
  expect(Object.keys(answer.body)).toEqual(['database']);
  expectPrinted(answer.body.database, PRINTED);
  const byId = await as(street).get(`${API}/v1/databases/${answer.body.database.id}`).set(headers).expect(200);
  expect(byId.body).toEqual(answer.body);
});

test('a database that is not there is 404 as printed', async () => {
  const answer = await as(street).get(`${API}/v1/databases/my-other-db`).set(headers);
  expect([answer.status, answer.body]).toEqual([404, { error: 'Database not found' }]);
});

test('an optional project_id that is left out is the default project', async () => {
  const database = { name: 'my-mysql-db', technology: 'postgresql', plan: 'postgresql-starter-512' };
  const answer = await as(street).post(`${API}/v1/databases`).set(headers).send({ database }).expect(201);
  expect(answer.body.database).toMatchObject({ name: 'my-mysql-db', project_id: projectId() });
});
