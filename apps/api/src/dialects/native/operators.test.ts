// What operators run: teams, projects, environments, plans, pools. Made, seen, changed, deleted; and what stands in the way.
import type { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addServer, makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import {
  environmentShape,
  listShape,
  planShape,
  poolShape,
  problemShape,
  projectShape,
  teamShape,
} from './shapes.fixture';

let api: TestApi;
let token: Secret;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  token = (await makeAccess(api, { scopes: ['operator', 'admin'] })).token;
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

const as = (bearer: Secret, method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(bearer.reveal(), { type: 'bearer' });
const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string) => as(token, method, path);

async function make(path: string, body: object): Promise<request.Response['body']> {
  const answer = await call('post', path).send(body);
  expect([answer.status, answer.get('location')]).toEqual([201, `/v1${path}/${answer.body.id}`]);
  return answer.body;
}

async function expectProblem(sent: request.Test, status: number, code: string): Promise<string> {
  const answer = await sent;
  const problem = problemShape.parse(answer.body);
  expect([answer.status, problem.code]).toEqual([status, code]);
  return problem.detail;
}

const plan = { name: 'tiny', engine: 'postgresql', size_bytes_max: 2 ** 20, connections_max: 3 };
const NOUNS = [
  ['/teams', { name: 'red', database_quota: 7 }, { database_quota: null }, teamShape],
  ['/projects', { name: 'shop', team: 'own' }, { name: 'store' }, projectShape],
  ['/environments', { name: 'staging', quarantine_days: 0 }, { quarantine_days: 365 }, environmentShape],
  ['/plans', { ...plan, environments: ['development'] }, { connections_max: 4, environments: [] }, planShape],
  ['/pools', { name: 'p', engine: 'postgresql', environment: 'development' }, { headroom_percent: 90 }, poolShape],
] as const;

test.each(NOUNS)(
  '%s: made, listed, shown, changed, deleted, and its name free again',
  async (path, body, change, shape) => {
    const made = shape.parse(await make(path, body));
    expect(made).toMatchObject(body);
    await expectProblem(call('post', path).send(body), 409, 'name_taken');
    expect((await call('get', `${path}/${made.id}`)).body).toEqual(made);
    const list = listShape(shape).parse((await call('get', `${path}?name=${body.name}`)).body);
    expect(list).toEqual({ data: [made], next_cursor: null });
    const changed = await call('patch', `${path}/${made.id}`).send(change);
    expect([changed.status, changed.body]).toEqual([200, { ...made, ...change }]);
    const gone = await call('delete', `${path}/${made.id}`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    for (const method of ['get', 'delete'] as const) {
      await expectProblem(call(method, `${path}/${made.id}`), 404, 'not_found');
    }
    await expectProblem(call('patch', `${path}/${made.id}`).send(change), 404, 'not_found');
    expect((await call('get', `${path}?name=${body.name}`)).body.data).toEqual([]);
    await call('delete', `${path}/${(await make(path, body)).id}`);
  },
);

test('lists are pages, newest first', async () => {
  for (const name of ['page1', 'page2', 'page3']) await make('/teams', { name });
  const first = (await call('get', '/teams?limit=2')).body;
  expect(first.data.map(({ name }: { name: string }) => name)).toEqual(['page3', 'page2']);
  const second = (await call('get', `/teams?limit=2&cursor=${first.next_cursor}`)).body;
  expect(second.data[0].name).toBe('page1');
});

test('what is in use is not deleted, and the refusal says by what and how many', async () => {
  const team = await make('/teams', { name: 'busy' });
  const project = await make('/projects', { name: 'main', team: 'busy' });
  const environment = await make('/environments', { name: 'busy' });
  const pool = await make('/pools', { name: 'busy', engine: 'postgresql', environment: 'busy' });
  const only = await make('/plans', { ...plan, name: 'busy', environments: ['busy'] });
  const access = await make('/accesses', { team: 'busy', name: 'a', person: 'p', scopes: ['admin'] });
  const names = { engine: 'postgresql', plan: 'small', project: 'main', environment: 'development' };
  for (const name of ['one', 'two']) await call('post', '/databases').send({ name });
  const made = await request(api.app)
    .post('/v1/databases')
    .set('authorization', `Bearer ${access.token}`)
    .send({ name: 'one', ...names });
  expect(made.status).toBe(202);
  const refusal = (path: string) => expectProblem(call('delete', path), 409, 'in_use');
  expect(await refusal(`/teams/${team.id}`)).toContain('team busy is in use: 1 database, 1 access.');
  expect(await refusal(`/projects/${project.id}`)).toContain('1 database.');
  expect(await refusal(`/environments/${environment.id}`)).toContain('1 pool, 1 plan that names it.');
  const { data } = (await call('get', '/plans?name=small')).body;
  expect(await refusal(`/plans/${data[0].id}`)).toContain('plan small is in use: 3 databases.');
  const pools = (await call('get', '/pools?name=first-pool')).body.data;
  expect(await refusal(`/pools/${pools[0].id}`)).toContain('1 server.');
  const limited = await make('/accesses', {
    name: 'b',
    person: 'p',
    scopes: ['admin'],
    limits: { environment: 'busy' },
  });
  await call('delete', `/plans/${only.id}`);
  await call('delete', `/pools/${pool.id}`);
  expect(await refusal(`/environments/${environment.id}`)).toContain('1 access limited to it.');
  await call('delete', `/accesses/${limited.id}`);
  expect((await call('delete', `/environments/${environment.id}`)).status).toBe(204);
});

test('what an access falls back on and is deleted is no default any more; a team takes its projects along', async () => {
  const team = await make('/teams', { name: 'leaving' });
  const project = await make('/projects', { name: 'main', team: 'leaving' });
  await make('/plans', { ...plan, name: 'brief' });
  const defaults = { engine: 'postgresql', plan: 'brief', project: 'main' };
  const access = await make('/accesses', { team: 'leaving', name: 'a', person: 'p', scopes: ['admin'], defaults });
  const [brief] = (await call('get', '/plans?name=brief')).body.data;
  expect((await call('delete', `/plans/${brief.id}`)).status).toBe(204);
  expect((await call('get', `/accesses/${access.id}`)).body.defaults).toMatchObject({ plan: null, project: 'main' });
  await call('delete', `/accesses/${access.id}`);
  expect((await call('delete', `/teams/${team.id}`)).status).toBe(204);
  await expectProblem(call('get', `/projects/${project.id}`), 404, 'not_found');
});

const bounds = (min: number, max: number) => `must be a whole number from ${min} to ${max}`;

test.each<[string, string, object, string, string]>([
  ['a negative quota', '/teams', { name: 'x', database_quota: -1 }, 'database_quota', bounds(0, 100_000)],
  ['an absurd quota', '/teams', { name: 'x', database_quota: 1e9 }, 'database_quota', bounds(0, 100_000)],
  ['a name with capitals', '/teams', { name: 'X' }, 'name', 'must be 1 to 63 of'],
  ['an unknown team', '/projects', { name: 'x', team: 'nobody' }, 'team', 'There is no team "nobody".'],
  ['days below none', '/environments', { name: 'x', quarantine_days: -1 }, 'quarantine_days', bounds(0, 365)],
  ['days beyond a year', '/environments', { name: 'x', quarantine_days: 366 }, 'quarantine_days', bounds(0, 365)],
  ['half a day', '/plans', { ...plan, quarantine_days: 0.5 }, 'quarantine_days', bounds(0, 365)],
  ['a plan of no size', '/plans', { ...plan, size_bytes_max: 0 }, 'size_bytes_max', bounds(2 ** 20, 2 ** 50)],
  ['a plan of any size', '/plans', { ...plan, size_bytes_max: 2 ** 51 }, 'size_bytes_max', bounds(2 ** 20, 2 ** 50)],
  ['no connections', '/plans', { ...plan, connections_max: 0 }, 'connections_max', bounds(1, 100_000)],
  ['an unknown engine', '/plans', { ...plan, engine: 'oracle' }, 'engine', 'There is no engine "oracle"'],
  ['an unknown environment', '/plans', { ...plan, environments: ['moon'] }, 'environments', 'no environment "moon"'],
  ['all room left free', '/pools', { ...NOUNS[4][1], headroom_percent: 91 }, 'headroom_percent', bounds(0, 90)],
  ['no overcommit', '/pools', { ...NOUNS[4][1], connections_overcommit: 0 }, 'connections_overcommit', bounds(1, 1000)],
  ['a pool of nowhere', '/pools', { name: 'x', engine: 'postgresql' }, 'environment', 'is required'],
])('POST refuses %s, says what may be, and makes nothing', async (_, path, body, field, message) => {
  const list = async () => (await call('get', `${path}?limit=100`)).body;
  const before = await list();
  const answer = await call('post', path).send(body);
  expect([answer.status, answer.body.errors.length, answer.body.errors[0].field]).toEqual([422, 1, field]);
  expect(answer.body.errors[0].message).toContain(message);
  expect(await list()).toEqual(before);
});

test('engines of plans and pools, and environments of pools, are not changed; nor is nothing', async () => {
  const made = await make('/plans', { ...plan, name: 'fixed' });
  const refused = await call('patch', `/plans/${made.id}`).send({ engine: 'postgresql' });
  expect(refused.body.errors).toEqual([{ field: 'engine', message: 'cannot be changed: make another plan' }]);
  const pool = await make('/pools', { name: 'fixed', engine: 'postgresql', environment: 'development' });
  for (const field of ['engine', 'environment']) {
    const answer = await call('patch', `/pools/${pool.id}`).send({ [field]: 'development' });
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
  }
  for (const path of [`/plans/${made.id}`, `/pools/${pool.id}`]) {
    await expectProblem(call('patch', path).send({}), 422, 'invalid_request');
    await expectProblem(call('patch', path), 422, 'invalid_request');
  }
});

test('what stays open on a server is tried by a preflight, and changed by itself or with the admin login', async () => {
  const path = `/servers/${(await addServer(api.context, 'managed', api.environmentId)).id}`;
  const other = 'postgres://chief:a-secret-word@managed.example.org';
  await expectProblem(call('patch', path).send({ open_databases: ['template1'], name: 'renamed' }), 422, 'disagree');
  for (const name of ['template0', 'postgres'])
    await expectProblem(call('patch', path).send({ open_databases: [name] }), 422, 'invalid_request');
  expect((await call('get', path)).body).toMatchObject({ state: 'active', name: 'managed', open_databases: [] });
  const opened = await call('patch', path).send({ open_databases: ['template1', 'template1'] });
  expect([opened.status, opened.body.action.kind]).toEqual([202, 'server_preflight']);
  const names = ['template1'];
  expect(opened.body.server).toMatchObject({ state: 'unchecked', checked_at: null, open_databases: names });
  const moved = await call('patch', path).send({ admin_url: other });
  expect(moved.body.server).toMatchObject({ host: 'managed.example.org', open_databases: names });
  const both = await call('patch', path).send({ admin_url: other, open_databases: [] });
  expect(both.body.server).toMatchObject({ host: 'managed.example.org', open_databases: [] });
});

test('a developer sees what can be asked for, inside the limits of its access, and the projects of its team', async () => {
  const elsewhere = await make('/environments', { name: 'elsewhere' });
  const foreign = await make('/pools', { name: 'foreign', engine: 'postgresql', environment: 'elsewhere' });
  const closed = await make('/plans', { ...plan, name: 'closed', environments: ['elsewhere'] });
  const all = (await makeAccess(api, { scopes: ['public'] })).token;
  const few = await make('/accesses', {
    name: 'few',
    person: 'p',
    scopes: ['public'],
    limits: { project: 'second', environment: 'development' },
  });
  const names = async (bearer: string, path: string): Promise<string[]> => {
    const answer = await request(api.app).get(`/v1${path}`).set('authorization', `Bearer ${bearer}`);
    expect(answer.status).toBe(200);
    return answer.body.data.map(({ name }: { name: string }) => name);
  };
  expect(await names(all.reveal(), '/projects')).toEqual(['second', 'default']);
  expect(await names(few.token, '/projects')).toEqual(['second']);
  expect(await names(all.reveal(), '/environments')).toContain('elsewhere');
  expect(await names(few.token, '/environments')).toEqual(['development']);
  expect(await names(few.token, '/pools')).not.toContain('foreign');
  expect(await names(few.token, '/plans')).not.toContain('closed');
  expect(await names(few.token, '/plans')).toContain('small');
  for (const path of [`/environments/${elsewhere.id}`, `/pools/${foreign.id}`, `/plans/${closed.id}`]) {
    expect((await as(all, 'get', path)).status).toBe(200);
    const limited = request(api.app).get(`/v1${path}`).set('authorization', `Bearer ${few.token}`);
    await expectProblem(limited, 404, 'not_found');
  }
  await expectProblem(as(all, 'get', '/projects?team=other'), 422, 'unknown_reference');
  await expectProblem(as(all, 'get', '/teams'), 403, 'missing_scope');
});
