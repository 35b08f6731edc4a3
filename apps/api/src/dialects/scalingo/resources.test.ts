// What the product's clients ask in turn: a database as an app with an addon, its status, its project, its plan. Each answer is decoded
// as go-scalingo does.
import { uuidOf } from '@berth/core';
import request from 'supertest';
import { makeAccess } from '../../api.fixture';
import { appOf } from '../../app';
import { refuseAny, worked } from '../../hand.fixture';
import { openRateLimits } from '../../http/rate-limits';
import { complaintsAbout, STRUCTS } from './decode.fixture';
import { API, addonOf, as, HOST, made, openStreet, type Street, settled } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street.close());

const get = async (path: string, who?: Parameters<typeof as>[1]) =>
  (await as(street, who).get(`${API}${path}`).expect(200)).body;
const decodes = (value: unknown, struct: keyof typeof STRUCTS) => {
  expect(value).toBeDefined();
  expect(complaintsAbout(value, STRUCTS[struct])).toEqual([]);
};

describe('the chain of a Go client', () => {
  test('shows a database as its app, its addon and what is deployed, by its name and by its id', async () => {
    const database = await made(street, 'chained-db');
    for (const name of ['chained-db', database.id]) {
      const { app } = await get(`/v1/apps/${name}?`);
      decodes(app, 'app');
      expect(app).toMatchObject({ id: database.id, name: 'chained-db', region: 'berth', status: 'running' });
      expect(app.project).toEqual({ id: database.project_id, name: 'default' });
      const { addons } = await get(`/v1/apps/${name}/addons?`);
      expect(addons).toHaveLength(1);
      decodes(addons[0], 'addon');
      expect(addons[0]).toMatchObject({ app_id: database.id, status: 'running', plan: { name: 'small' } });
      expect(await get(`/v1/apps/${name}/addons/${addons[0].id}`)).toEqual({ addon: addons[0] });
      const token = await as(street).post(`${API}/v1/apps/${name}/addons/${addons[0].id}/token`);
      expect([token.status, token.body.addon.id]).toEqual([200, addons[0].id]);
      const deployed = await get(`/api/databases/${addons[0].id}?`, { bearer: token.body.addon.token });
      decodes(deployed.database, 'deployed');
      expect(deployed.database).toMatchObject({
        ...{ app_name: 'chained-db', status: 'running', plan: 'small', type_name: 'postgresql' },
        ...{ readable_version: '18.4', hostname: street.server.host, resource_id: 'chained-db' },
        ...{ instances: [{ port: 5432, status: 'running' }], current_operation_id: null },
      });
    }
  });

  test('sees a database from creating to running, with the operation that makes it', async () => {
    const body = { addon_provider_id: 'postgresql', plan_id: 'small', name: 'waited-for' };
    const created = await as(street).post(`${API}/v1/databases`).send(body).expect(201);
    const addon = await addonOf(street, 'waited-for');
    const path = addon.path.replace(API, '');
    const { database: waiting } = await get(path);
    expect([waiting.status, addon.status]).toEqual(['creating', 'provisioning']);
    expect((await get('/v1/apps/waited-for')).app.status).toBe('new');
    const operation = `/v1/apps/waited-for/operations/${waiting.current_operation_id}`;
    const pending = (await get(operation)).operation;
    decodes(pending, 'operation');
    expect(pending).toMatchObject({ status: 'pending', type: 'database_create', finished_at: null, error: '' });
    await settled(street);
    expect((await get(path)).database).toMatchObject({ status: 'running', current_operation_id: null });
    expect((await get(operation)).operation).toMatchObject({ status: 'done', finished_at: expect.any(String) });
    expect(created.body.database.name).toBe('waited-for');
    const other = operation.replace('waited-for', 'chained-db'); // an operation of another database
    const refused = await as(street).get(`${API}${other}`);
    expect([refused.status, refused.body]).toEqual([404, { resource: 'operation', error: 'not found' }]);
  });

  test('sees a create that failed as stopped, and deletes it: its name is free', async () => {
    const database = { name: 'failing-db', technology: 'postgresql', plan: 'small' };
    await as(street).post(`${API}/v1/databases`).send({ database }).expect(201);
    const { path } = await addonOf(street, 'failing-db');
    const { current_operation_id: operation } = (await get(path.replace(API, ''))).database;
    await worked(street, as(street).get(`${API}/v1/users/self`), refuseAny);
    expect((await get(path.replace(API, ''))).database.status).toBe('stopped');
    expect((await addonOf(street, 'failing-db')).status).toBe('suspended');
    const failed = (await get(`/v1/apps/failing-db/operations/${operation}`)).operation;
    expect(failed).toMatchObject({ status: 'error', error: 'The server refused: no more of that.' });
    const again = await as(street).post(`${API}/v1/databases`).send({ database });
    expect([again.status, again.body]).toEqual([422, { errors: { name: ['has already been taken'] } }]);
    await as(street).delete(`${API}/v1/apps/failing-db?current_name=failing-db`).expect(204);
    await as(street).post(`${API}/v1/databases`).send({ database }).expect(201);
    await settled(street);
  });

  test('sees a database that gets another plan as updating', async () => {
    await made(street, 'growing-db');
    const { path } = await addonOf(street, 'growing-db');
    await street.sql(`UPDATE databases SET pending_plan_id = plan_id WHERE name = 'growing-db'`);
    expect((await get(path.replace(API, ''))).database.status).toBe('updating');
    await street.sql(`UPDATE databases SET pending_plan_id = NULL WHERE name = 'growing-db'`);
  });

  test('deletes by the name of the app, said twice: it is not there any more at once', async () => {
    const { id } = await made(street, 'deleted-db');
    const { path } = await addonOf(street, 'deleted-db');
    for (const query of ['', '?current_name=', '?current_name=other-db', '?current_name=deleted-db&current_name=x']) {
      const refused = await as(street).delete(`${API}/v1/apps/deleted-db${query}`);
      expect([refused.status, Object.keys(refused.body.errors)]).toEqual([422, ['current_name']]);
    }
    const answer = await as(street).delete(`${API}/v1/apps/deleted-db?current_name=deleted-db`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    for (const gone of [
      '/v1/databases/deleted-db',
      `/v1/databases/${id}`,
      '/v1/apps/deleted-db',
      path.replace(API, ''),
    ])
      await as(street).get(`${API}${gone}`).expect(404);
    expect((await get('/v1/databases')).databases.map(({ name }: { name: string }) => name)).not.toContain(
      'deleted-db',
    );
    await settled(street);
    const { data } = await street.store.actions.list({ state: 'succeeded' }, { cursor: null, limit: 1 });
    expect(data).toMatchObject([{ kind: 'database_delete' }]);
  });

  test('deletes by the alias too; two at once are both told that it is gone', async () => {
    await made(street, 'raced-db');
    const both = await Promise.all([1, 2].map(() => as(street).delete(`${API}/v1/databases/raced-db`)));
    expect(both.map(({ status }) => status).sort()).toEqual([204, expect.any(Number)]);
    expect([204, 404]).toContain(Math.max(...both.map(({ status }) => status)));
    await settled(street);
  });
});

describe('a create', () => {
  const create = (body: object) => as(street).post(`${API}/v1/databases`).send(body);

  test("takes npm's body, with `name` or `database_name`, and go-scalingo's with the plan's id", async () => {
    const { plans } = await get('/v1/addon_providers/postgresql/plans?show_all=false');
    const npm = { addon_provider_id: 'postgresql', plan_id: 'small', database_name: 'by-npm-old' };
    const first = await create({ database: npm }).expect(201);
    expect(first.body.apps).toMatchObject({ name: 'by-npm-old', technology: 'postgresql', plan: 'small' });
    const second = await create({ database: { ...npm, database_name: undefined, name: 'by-npm-new' } }).expect(201);
    expect(second.body.apps.name).toBe('by-npm-new');
    const go = { addon_provider_id: 'postgresql', plan_id: plans[0].id, name: 'by-go-client', ip_range: '10.0.0.0/24' };
    const third = await create(go).expect(201);
    decodes(third.body, 'database');
    expect(third.body).toMatchObject({ name: 'by-go-client', plan: plans[0].name, database: { name: 'by-go-client' } });
    await settled(street);
  });

  test('puts it into the project that is named, or the default one, and into the environment of the access', async () => {
    const projectId = `pr-${uuidOf(street.secondProjectId)}`;
    const inSecond = await made(street, 'in-second', 'owner', { project_id: projectId });
    expect(inSecond.project_id).toBe(projectId);
    const inDefault = await made(street, 'in-default', 'owner', { project_id: '' });
    expect(inDefault.project_id).toBe(`pr-${uuidOf(street.project.id)}`);
    const [row] = await street.store.databases.listByName(street.team.id, 'in-second');
    expect(row).toMatchObject({ environment_id: street.environmentId, owner_login: 'auto' });
  });

  test('takes a name that its engine reserves: its server calls the database otherwise', async () => {
    await made(street, 'template1');
    const { resource_id } = await addonOf(street, 'template1');
    expect(resource_id).toMatch(/^\w*template1_\w{5}$/);
  });
});

test('of several databases of one name that of the default environment is meant, else the oldest; each has its id, and deletes are of no other', async () => {
  const first = await made(street, 'same-name');
  const { access } = street.signers.owner;
  await street.store.accesses.update(access.id, { default_environment_id: street.productionId });
  const second = await made(street, 'same-name');
  expect((await get('/v1/databases/same-name')).database).toEqual(second);
  expect((await get(`/v1/databases/${first.id}`)).database).toEqual(first);
  await street.store.accesses.update(access.id, { default_environment_id: null });
  expect((await get('/v1/databases/same-name')).database).toEqual(first);
  const deletes = () =>
    ['databases/same-name', 'apps/same-name?current_name=same-name'].map((path) =>
      as(street).delete(`${API}/v1/${path}`),
    );
  for (const sent of deletes()) expect((await sent).status).toBe(409); // which of the two was not said
  await street.store.accesses.update(access.id, { default_environment_id: street.environmentId });
  await worked(street, as(street).delete(`${API}/v1/databases/same-name`).expect(204));
  for (const sent of deletes()) expect((await sent).status).toBe(409); // repeated, it does not go on to the other one
  await worked(street, as(street).delete(`${API}/v1/databases/${second.id}`).expect(204));
});

test('a name of 24 hexadecimal digits is a name, where it is no id', async () => {
  const name = '54100930736f7563d5030000';
  const { id } = await made(street, name);
  expect((await get(`/v1/databases/${name}`)).database).toMatchObject({ id, name });
  const other = id.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'));
  await as(street).get(`${API}/v1/databases/${other}`).expect(404);
});

test('projects are listed, made, renamed and deleted, and one with databases is kept', async () => {
  const { projects } = await get('/v1/projects');
  for (const project of projects) decodes(project, 'project');
  expect(projects.map((each: { name: string; default: boolean }) => [each.name, each.default])).toEqual([
    ['default', true],
    ['second', false],
  ]);
  const created = await as(street)
    .post(`${API}/v1/projects`)
    .send({ project: { name: 'third' } })
    .expect(201);
  const { project } = created.body;
  decodes(project, 'project');
  const path = `${API}/v1/projects/${project.id}`;
  expect((await as(street).get(path).expect(200)).body).toEqual({ project });
  const renamed = await as(street)
    .patch(path)
    .send({ project: { name: 'fourth', default: false } })
    .expect(200);
  expect(renamed.body.project).toEqual({ ...project, name: 'fourth' });
  expect((await as(street).patch(path).send({ project: {} }).expect(200)).body.project.name).toBe('fourth');
  const { id } = await made(street, 'in-fourth', 'owner', { project_id: project.id });
  const kept = await as(street).delete(path);
  expect([kept.status, kept.body]).toEqual([409, { error: 'Cannot delete project with existing apps' }]);
  await as(street).delete(`${API}/v1/databases/${id}`).expect(204);
  await settled(street);
  await as(street).delete(path).expect(204);
  const gone = await as(street).get(path);
  expect([gone.status, gone.body]).toEqual([404, { resource: 'project', error: 'not found' }]);
});

test('providers and their plans are told to anybody; one’s own plans, oneself and regions to who has a token', async () => {
  const { body } = await request(street.app).get(`${API}/v1/addon_providers`).expect(200);
  for (const provider of body.addon_providers) decodes(provider, 'addon_provider');
  expect(body.addon_providers.map(({ id }: { id: string }) => id)).toEqual(['postgresql', 'mysql', 'mongodb']);
  const { plans } = await get('/v1/addon_providers/postgresql/plans');
  for (const plan of plans) decodes(plan, 'plan');
  expect(plans.map(({ name }: { name: string }) => name)).toEqual(['postgresql-starter-512', 'small']);
  const told = await request(street.app).get(`${API}/v1/addon_providers/postgresql/plans?show_all=false`).expect(200);
  expect(told.body).toEqual({ plans });
  await request(street.app).get(`${API}/v1/addon_providers/postgresql/plans`).auth('x', { type: 'bearer' }).expect(401);
  expect(await get('/v1/addon_providers/mongodb/plans')).toEqual({ plans: [] });
  const { user } = await get('/v1/users/self');
  decodes(user, 'user');
  expect(user).toMatchObject({ id: `us-${uuidOf(street.signers.owner.access.id)}`, email: 'caller@example.org' });
  const { regions } = await get('/v1/regions');
  decodes(regions[0], 'region');
  const url = `http://${HOST}/scalingo`;
  expect(regions).toMatchObject([{ name: 'berth', api: url, database_api: url, default: true }]);
});

test('on a host of its own all of it is at the root, and the region says so', async () => {
  const { context, stopping } = street;
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const dialectHosts = new Map([[HOST, 'scalingo']]);
  const app = appOf({ ...context, limits, stopping: stopping.signal, dialectHosts });
  const bearer = `Bearer ${street.signers.owner.bearer}`;
  const at = (path: string) => request(app).get(path).set('Host', `${HOST}:8443`).set('Authorization', bearer);
  const { body } = await at('/v1/regions?').expect(200);
  expect(body.regions).toMatchObject([{ api: `http://${HOST}:8443`, database_api: `http://${HOST}:8443` }]);
  const { id } = await addonOf(street, 'chained-db');
  expect((await at(`/api/databases/${id}?`).expect(200)).body.database.status).toBe('running');
  const gone = await at('/scalingo/v1/regions');
  expect([gone.status, gone.body]).toEqual([404, { error: expect.any(String) }]);
});

test('a bearer access needs no exchange, and signs no tokens', async () => {
  const { token } = await makeAccess(street, { scopes: ['public', 'admin'] });
  const bearer = { bearer: token.reveal() };
  await made(street, 'by-bearer');
  const { id, path } = await addonOf(street, 'by-bearer');
  expect((await get(path.replace(API, ''), bearer)).database.status).toBe('running');
  const refused = await as(street, bearer).post(`${API}/v1/apps/by-bearer/addons/${id}/token`);
  expect([refused.status, refused.body.code]).toEqual([403, 'missing_scope']);
});
