// The vendor's documentation of databases, replayed: each request as it is printed there, each answer held against the
// printed one, field by field. What a worker does in between is done to the store by hand.
import { succeed } from '../../api.fixture';
import { decode } from './decode.fixture';
import { addLogin, as, openStreet, type Street, stackPath, succeedCreate, succeedUser } from './street.fixture';

let street: Street;
let stack: string;
let path: string;

beforeAll(async () => {
  street = await openStreet();
  stack = await stackPath(street, 'development');
  path = `${stack}/server_groups/${street.server.number}/databases`;
});

afterAll(() => street.close());

const get = (url: string) => as(street).get(url);
const post = (url: string, body: object) => as(street).post(url).send(body);
const remove = (url: string) => as(street).delete(url);

/** Every printed field is there, of the printed type, null where null is printed, times written as printed. */
function expectLike(answer: unknown, printed: unknown): void {
  expect(shapeOf(answer)).toMatchObject(Object(shapeOf(printed)));
}

function shapeOf(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shapeOf(v)]));
  if (typeof value !== 'string') return typeof value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return 'time';
  return value.startsWith('db_') ? 'uid' : 'string';
}

const PRINTED_LIST = {
  response: [
    {
      uid: 'db_abc123',
      name: 'app_production',
      charset: 'utf8mb4',
      collation: 'utf8mb4_unicode_ci',
      size_bytes: 104857600,
      created_at: '2023-01-15T10:30:00Z',
      users: ['app_user', 'readonly_user'],
    },
    {
      uid: 'db_def456',
      name: 'analytics_db',
      charset: 'utf8mb4',
      collation: 'utf8mb4_unicode_ci',
      size_bytes: 52428800,
      created_at: '2023-01-10T14:20:00Z',
      users: ['analytics_user'],
    },
  ],
  count: 2,
  pagination: { previous: null, next: null, current: 1, per_page: 30, count: 2, pages: 1 },
};

const PRINTED_CREATE = {
  response: {
    id: 792,
    status: 'queued',
    action_type: 'database_create',
    resource_type: 'database',
    resource_id: null,
    started_via: 'api',
    started_at: null,
    finished_at: null,
    finished_success: null,
    finished_message: null,
    created_at: '2023-01-15T10:30:00Z',
    updated_at: '2023-01-15T10:30:00Z',
  },
};

const PRINTED_DELETE = {
  response: {
    id: 793,
    status: 'queued',
    action_type: 'database_delete',
    resource_type: 'database',
    resource_id: 'db_abc123',
    started_via: 'api',
    started_at: null,
    finished_at: null,
    finished_success: null,
    finished_message: null,
    created_at: '2023-01-15T10:35:00Z',
    updated_at: '2023-01-15T10:35:00Z',
  },
};

async function made(printed: (typeof PRINTED_LIST.response)[number]): Promise<string> {
  const { body } = await post(path, { database_name: printed.name }).expect(200);
  const { size_bytes: sizeBytes, charset, collation } = printed;
  const uid = await succeedCreate(street, decode.action(body).response.id, { sizeBytes, charset, collation });
  for (const user of printed.users) await addLogin(street, uid, user);
  return uid;
}

/** Uids as the vendor's documentation has them are of its own users: ours are put in their places. */
async function printedUsers(): Promise<string[]> {
  const shelter = decode.action((await post(path, { database_name: 'shelter' }).expect(200)).body).response;
  const database = await succeedCreate(street, shelter.id);
  const uids: string[] = [];
  for (const username of ['user_abc123', 'user_def456']) {
    const users = path.replace(/databases$/, 'database_users');
    const asked = await post(users, { username, database_ids: [database] }).expect(200);
    uids.push(await succeedUser(street, decode.action(asked.body).response.id));
  }
  return uids;
}

test('Create Database answers as printed, with users that are there; those that are not are refused', async () => {
  const literal = { database_name: 'new_app_db', database_user_ids: ['user_abc123', 'user_def456'] };
  const refused = await post(path, literal).expect(400);
  expect(decode.refusal(refused.body).details).toContain('database_user_ids.1');
  expect(await street.store.databases.listByPlace({}, 0, 30)).toEqual({ data: [], total: 0 });

  const answer = await post(path, { ...literal, database_user_ids: await printedUsers() })
    .expect(200)
    .expect('Content-Type', /json/);
  decode.action(answer.body);
  expectLike(answer.body, PRINTED_CREATE);
  const { id: _, created_at: _created, updated_at: _updated, ...constant } = PRINTED_CREATE.response;
  expect(answer.body.response).toMatchObject(constant);
  expect(answer.body.response).toMatchObject({ action: 'database_create', user: 'caller@example.org' });
  await succeedCreate(street, answer.body.response.id);
  const { body } = await get(`${stack}/actions/${answer.body.response.id}`).expect(200);
  const { response } = decode.action(body);
  expect(response).toMatchObject({ status: 'completed', finished_success: true, finished_message: null });
  expect(response.resource_id).toMatch(/^db_/);
  const shown = decode.database((await get(`${path}/${response.resource_id}`).expect(200)).body);
  expect(shown.response.users).toEqual(literal.database_user_ids);
  await removed('shelter');
});

/** Deletes a database by its name, as a worker does. */
async function removed(name: string): Promise<void> {
  const uid = decode.databases((await get(path)).body).response.find((each) => each.name === name)?.uid;
  const { id } = decode.action((await remove(`${path}/${uid}`).expect(200)).body).response;
  await succeed(street, (await street.store.actions.findByNumber(id))?.id ?? '');
}

test('Delete Database answers as printed, and the database leaves the list when it is done', async () => {
  const uid = decode.databases((await get(path)).body).response.find(({ name }) => name === 'new_app_db')?.uid;
  const answer = await remove(`${path}/${uid}`).expect(200).expect('Content-Type', /json/);
  decode.action(answer.body);
  expectLike(answer.body, PRINTED_DELETE);
  const { id: _, created_at: _created, updated_at: _updated, ...constant } = PRINTED_DELETE.response;
  expect(answer.body.response).toMatchObject({ ...constant, resource_id: uid });
  expect(decode.databases((await get(path)).body).count).toBe(1);
  const action = await street.store.actions.findByNumber(answer.body.response.id);
  await succeed(street, action?.id ?? '');
  expect(decode.databases((await get(path)).body)).toMatchObject({ response: [], count: 0 });
  await get(`${path}/${uid}`).expect(404);
  await remove(`${path}/${uid}`).expect(404);
});

test('List Databases answers as printed', async () => {
  const uids: string[] = [];
  for (const printed of PRINTED_LIST.response) uids.push(await made(printed));
  const answer = await get(path).expect(200).expect('Content-Type', /json/);
  decode.databases(answer.body);
  expectLike(answer.body, PRINTED_LIST);
  const times = answer.body.response.map(({ created_at }: { created_at: string }) => created_at);
  const expected = PRINTED_LIST.response.map((it, index) => ({ ...it, uid: uids[index], created_at: times[index] }));
  expect(answer.body).toEqual({ ...PRINTED_LIST, response: expected });
});
