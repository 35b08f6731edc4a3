// The resources beside databases and credentials, pages, and what is seen of a database in quarantine by whom.
import { eventually } from '@berth/testing';
import { addServer, makeAccess } from '../../api.fixture';
import { API, as, made, openStreet, pathOf, refuseAny, type Street, worked } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const get = async (path: string, which: Parameters<typeof as>[1] = 'ordinary') =>
  (
    await as(street, which)
      .get(path.startsWith('http') ? pathOf(path) : `${API}${path}`)
      .expect(200)
  ).body;

test('the index leads to every resource, and each of their lists is there', async () => {
  const { _links, ...resources } = await get('/');
  expect(_links.self).toBe('http://localhost:8000/globo/api/');
  const names = ['credential', 'database', 'engine_type', 'environment', 'plan', 'project', 'task'];
  expect(Object.keys(resources)).toEqual(names);
  for (const url of Object.values<string>(resources)) expect((await get(url))._links.self).toBe(url);
});

test('plans, environments and engine types lead to each other', async () => {
  const { plan: plans } = await get('/plan/');
  expect(plans).toEqual([
    {
      _links: { self: expect.stringMatching(/\/api\/plan\/\d+\/$/) },
      id: expect.any(Number),
      name: 'small',
      description: 'postgresql: 1073741824 bytes, 20 connections',
      is_active: true,
      is_default: false,
      engine_type: expect.stringMatching(/\/api\/engine_type\/1\/$/),
      environments: [expect.any(String), expect.any(String)],
    },
  ]);
  expect(await get(plans[0]._links.self)).toEqual(plans[0]);
  expect(await get(plans[0].engine_type)).toMatchObject({ id: 1, name: 'postgresql' });
  const names = await Promise.all(plans[0].environments.map(async (url: string) => (await get(url)).name));
  expect(names).toEqual(['development', 'production']);
  expect((await get('/engine_type/')).enginetype.map(({ name }: { name: string }) => name)).toEqual([
    'postgresql',
    'mysql',
    'mongodb',
  ]);
});

test('a project is made, renamed, filled, and deleted when it is empty', async () => {
  const answer = await as(street).post(`${API}/project/`).send({ name: 'Web shop' });
  const project = answer.body;
  expect([answer.status, answer.get('location')]).toEqual([201, project._links.self]);
  expect(project).toEqual({ _links: expect.anything(), id: expect.any(Number), name: 'Web shop' });
  const again = await as(street).post(`${API}/project/`).send({ name: 'Web shop' });
  expect([again.status, Object.keys(again.body)]).toEqual([400, ['_links', 'name']]);
  const self = pathOf(project._links.self);
  expect((await as(street).put(self).send({ name: 'Shop' }).expect(200)).body.name).toBe('Shop');
  expect((await get('/project/')).project.map(({ name }: { name: string }) => name)).toEqual(['second', 'Shop']);

  const { body: database } = await worked(
    street,
    as(street)
      .post(`${API}/database/`)
      .send({ name: 'in shop', ...links(), project: project._links.self }),
  );
  expect(database.project).toBe(project._links.self);
  expect((await as(street).delete(self)).status).toBe(400);
  const moved = await as(street).patch(pathOf(database._links.self)).send({ project: null }).expect(200);
  expect(moved.body.project).toBeNull();
  const back = await as(street)
    .put(pathOf(database._links.self))
    .send({ project: self.replace('/globo', '') });
  expect([back.status, back.body.project]).toEqual([200, project._links.self]);
  await as(street).patch(pathOf(database._links.self)).send({ project: '' }).expect(200);
  await as(street).delete(self).expect(204);
  await as(street).get(self).expect(404);
});

function links() {
  return { plan: street.plan, environment: street.environment };
}

test('pages are counted, capped, and lead to each other with the rest of the query', async () => {
  for (const name of ['one', 'two', 'three']) await made(street, name);
  const all = (await get('/database/')).database.map(({ name }: { name: string }) => name);
  const first = await get('/database/?page_size=2&x=%20y');
  const total = all.length;
  expect(first._links).toEqual({
    count: total,
    self: 'http://localhost:8000/globo/api/database/?page_size=2&x=%20y',
    previous: null,
    next: 'http://localhost:8000/globo/api/database/?page_size=2&x=%20y&page=2',
  });
  const second = await get(first._links.next);
  expect(second._links.previous).toBe('http://localhost:8000/globo/api/database/?page_size=2&x=%20y&page=1');
  const names = [...first.database, ...second.database].map(({ name }: { name: string }) => name);
  expect(names).toEqual(all.slice(0, 4));
  const last = await get('/database/?page=last&page_size=3');
  expect(last._links).toMatchObject({ next: null, count: total });
  expect(last.database).toHaveLength(total % 3 || 3);
  for (const size of ['0', '-1', 'x', '1000000', '']) {
    expect((await get(`/database/?page_size=${size}`)).database).toHaveLength(total);
  }
  expect((await get('/database/?name=two')).database.map(({ name }: { name: string }) => name)).toEqual(['two']);
  expect((await get('/database/?name=two%00')).database).toEqual([]);
});

test('what is in quarantine is seen by those who may bring it back alone, and comes back whole', async () => {
  const kept = await made(street, 'kept');
  const [self, credential] = [pathOf(kept._links.self), pathOf(kept.credentials[0])];
  const before = (await as(street).get(credential)).body;
  await worked(street, as(street).delete(self));
  await as(street).get(self).expect(404);
  await as(street).get(credential).expect(404);
  const again = await as(street)
    .post(`${API}/database/`)
    .send({ name: 'kept', ...links() });
  expect([again.status, again.body.name]).toEqual([400, [expect.stringContaining('quarantine')]]);
  const reset = await as(street, 'manager').post(`${credential}reset_password/`).type('form').send('');
  expect(reset.status).toBe(400);
  const back = await worked(street, as(street, 'manager').patch(self).send({ quarantine_dt: null }));
  expect([back.status, back.body.quarantine_dt]).toEqual([200, null]);
  expect((await as(street).get(credential).expect(200)).body).toEqual(before);
});

test('a login of two databases leaves one of them, and goes with the last', async () => {
  const [one, other] = [await made(street, 'left'), await made(street, 'right')];
  const { token } = await makeAccess(street, { scopes: ['public', 'admin'] });
  const login = (await street.store.credentials.listOfDatabase(await idOf(one.name)))[0];
  const grant = as(street)
    .post(`/v1/credentials/${login?.id}/grants`)
    .auth(token.reveal(), { type: 'bearer' })
    .send({ database: await idOf(other.name), role: 'readwrite' });
  await worked(street, grant);
  await eventually(async () => (await get(other._links.self)).credentials.length === 2);
  const [, shared] = (await get(other._links.self)).credentials;
  const { password, user } = (await as(street).get(pathOf(shared))).body;
  expect([user, password]).toEqual(['u_left', expect.any(String)]);
  await worked(street, as(street).delete(pathOf(one._links.self)));
  const passwords = await Promise.all(
    [one.credentials[0], shared].map(async (url) => (await as(street, 'manager').get(pathOf(url))).body.password),
  );
  expect(passwords).toEqual([null, password]); // it opens nothing there, and what it opened elsewhere
  await worked(street, as(street, 'manager').patch(pathOf(one._links.self)).send({ quarantine_dt: null }));
  await worked(street, as(street).delete(pathOf(shared)));
  expect((await street.store.credentials.find(login?.id ?? ''))?.state).toBe('active');
  await worked(street, as(street).delete(pathOf(one.credentials[0])));
  expect((await street.store.credentials.find(login?.id ?? ''))?.state).toBe('deleted');
});

async function idOf(name: string): Promise<string> {
  const [database] = await street.store.databases.listByName(street.team.id, name);
  return database?.id ?? '';
}

test('the same user in a second database of a server is another login, and once in each', async () => {
  const [one, other] = [await made(street, 'north'), await made(street, 'south')];
  const post = (database: string) => as(street).post(`${API}/credential/`).send({ user: 'Shared User', database });
  const first = await worked(street, post(one._links.self));
  const second = await worked(street, post(other._links.self));
  expect(first.body.user).toBe('shared_user');
  expect(second.body.user).toMatch(/^shared_user[a-z0-9]{4}$/);
  for (const database of [one, other]) expect((await post(database._links.self)).status).toBe(400);
  const squares = as(street)
    .post(`${API}/credential/`)
    .send({ user: '\u33af'.repeat(16), database: one._links.self });
  expect((await worked(street, squares)).body.user).toBe('rad_s2rad_s2rad_'); // each is six letters
});

test('lists are narrowed by what they know: a filter that finds nothing, or is asked for twice, is no whole list', async () => {
  const here = await made(street, 'narrowed');
  const environment = street.production;
  const there = as(street)
    .post(`${API}/database/`)
    .send({ ...links(), name: 'narrowed there', environment });
  const { body: production } = await worked(street, there);
  const named = async (query: string) =>
    (await get(`/database/?page_size=100&${query}`)).database.map(({ name }: { name: string }) => name);
  const number = environment.split('/')[3];
  expect(await named(`environment=${number}`)).toEqual([production.name]);
  expect(await named(`environment=${number}&name=narrowed`)).toEqual([]);
  const all = (await named('')).length;
  expect((await named(`project=${street.project.number}`)).length).toBe(all);
  for (const none of ['project=77', 'environment=x', 'environment=', 'project=1&project=2', 'name=a&name=b'])
    expect([none, await named(none)]).toEqual([none, []]);
  const users = await get(`/credential/?database=${here.id}`);
  expect(users.credential.map(({ user }: { user: string }) => user)).toEqual(['u_narrowed']);
  expect((await get('/credential/?database=77777'))._links.count).toBe(0);
});

test('tasks are told in the words of the product, and found by them', async () => {
  const other = await street.store.catalog.ensureEnvironment('staging');
  await addServer(street.context, 'staging-server', other.id);
  const asked = as(street)
    .post(`${API}/database/`)
    .send({ name: 'failing', plan: street.plan, environment: `/api/environment/${other.number}/` });
  await worked(street, asked, async (at, action) => {
    if (action.kind === 'database_create') await refuseAny(at, action);
  });
  const failed = await get('/task/?task_status=ERROR&database_name=failing');
  expect(failed.taskhistory).toMatchObject([
    {
      _links: { self: failed._links.self },
      id: expect.any(Number),
      task_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      task_name: 'notification.tasks.create_database',
      task_status: 'ERROR',
      user: 'dev',
      object_class: 'logical_database',
      object_id: null,
      database: { name: 'failing', environment: 'staging', engine: 'postgresql 18.4' },
      relevance: 'ERROR',
      rollback: false,
    },
  ]);
  const [task] = failed.taskhistory;
  for (const time of [task.created_at, task.updated_at, task.ended_at]) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?$/);
  }
  expect((await get(`/task/${task.id}/`)).task_id).toBe(task.task_id);
  expect((await get(`/task/?task_id=${task.task_id}`))._links.count).toBe(1);
  for (const none of [
    'task_id=x',
    'task_id=',
    'task_status=OTHER',
    'task_name=none',
    'object_id=x',
    'database_name=x',
    'database_name=%00',
    'task_status=SUCCESS&task_status=SUCCESS',
    'object_id=1&object_id=1',
  ]) {
    expect([none, (await get(`/task/?${none}`))._links.count]).toEqual([none, 0]);
  }
  const creates = await get('/task/?task_name=create_database&page_size=100');
  expect(new Set(creates.taskhistory.map((each: { task_name: string }) => each.task_name))).toEqual(
    new Set(['notification.tasks.create_database']),
  );
  const polled = await get('/task/?ordering=-updated_at&page_size=100');
  const times = polled.taskhistory.map((each: { updated_at: string }) => each.updated_at.padEnd(23, '0'));
  expect(times).toEqual([...times].sort().reverse());
  const oldest = await get('/task/?ordering=id');
  expect(oldest.taskhistory[0].id).toBe(1);
});
