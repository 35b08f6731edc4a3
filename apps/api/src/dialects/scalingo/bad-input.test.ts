// Bodies that cannot be right: each is told of in the product's form, never a 500, and nothing was changed by it.
import type request from 'supertest';
import { API, as, made, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
  await made(street, 'there-db');
});
afterAll(() => street.close());

/** Sends what must be refused, and sees that nothing was asked for. */
async function refused(sent: request.Test, status: number): Promise<unknown> {
  const newest = async () => {
    const { data } = await street.store.actions.list({}, { cursor: null, limit: 1 });
    const projects = await street.store.catalog.listProjects(street.team.id);
    return [data[0]?.id, projects.length];
  };
  const before = await newest();
  const answer = await sent;
  expect([answer.status, answer.get('content-type')]).toEqual([status, 'application/json; charset=utf-8']);
  expect(await newest()).toEqual(before);
  return answer.body;
}

const post = (body: unknown) => as(street).post(`${API}/v1/databases`).send(Object(body));
const whole = (over: object) => ({ name: 'new-one', technology: 'postgresql', plan: 'small', ...over });
const MISSING = ['missing field'];

test.each([
  ['nothing', {}, { database: MISSING }],
  ['a list', [1], { database: MISSING }],
  ['a root that is null', { database: null }, { database: MISSING }],
  ['a root that is a text', { database: 'x' }, { database: MISSING }],
  ['a root that is a list', { database: [] }, { database: MISSING }],
  ['an empty root', { database: {} }, { name: MISSING, technology: MISSING, plan: MISSING }],
  ['fields of another thing', { app: { name: 'x' } }, { name: MISSING, technology: MISSING, plan: MISSING }],
])('a create with %s is 422', async (_what, body, errors) => {
  expect(await refused(post(body), 422)).toEqual({ errors });
});

const LETTERS = ['should contain only lowercap letters, digits and hyphens'];
const LENGTH = ['should have between 6 and 48 characters'];
const HYPHENS = ['should not begin or end with a hyphen, nor have two in a row'];
const TEXT = ['should be a string'];

test.each([
  [{ name: 'short' }, { name: LENGTH }],
  [{ name: 'x'.repeat(49) }, { name: LENGTH }],
  [{ name: 'x'.repeat(90_000) }, { name: LENGTH }],
  [{ name: 'Upper-Case' }, { name: LETTERS }],
  [{ name: 'under_score' }, { name: LETTERS }],
  [{ name: 'with\0nul' }, { name: LETTERS }],
  [{ name: 'new-one\n' }, { name: LETTERS }],
  [{ name: '-leading' }, { name: HYPHENS }],
  [{ name: 'trailing-' }, { name: HYPHENS }],
  [{ name: 'two--hyphens' }, { name: HYPHENS }],
  [{ name: '' }, { name: MISSING }],
  [{ name: 7 }, { name: TEXT }],
  [{ name: ['new-one'] }, { name: TEXT }],
  [{ name: 'there-db' }, { name: ['has already been taken'] }],
  [{ technology: 'redis' }, { technology: ['should be one of postgresql, mysql, mongodb'] }],
  [{ technology: 'postgresql-ng' }, { technology: ['should be one of postgresql, mysql, mongodb'] }],
  [{ technology: '' }, { technology: MISSING }],
  [{ technology: {} }, { technology: TEXT }],
  [{ plan: 'huge' }, { plan: ['is no plan of postgresql'] }],
  [{ plan: '54100930736f7563d5030000' }, { plan: ['is no plan of postgresql'] }],
  [{ plan: '\0' }, { plan: ['is no plan of postgresql'] }],
  [{ technology: 'mysql' }, { plan: ['is no plan of mysql'] }],
  [{ plan: null, plan_id: false }, { plan: TEXT }],
  [{ project_id: 'second' }, { project_id: ['is no project'] }],
  [{ project_id: 'pr-00000000-0000-0000-0000-000000000000' }, { project_id: ['is no project'] }],
  [{ project_id: 7 }, { project_id: TEXT }],
  [
    { name: 'x', plan: 'y', technology: 'z' },
    { name: LENGTH, technology: [expect.any(String)] },
  ],
])('a create with %j is 422 on its field', async (over, errors) => {
  expect(await refused(post({ database: whole(over) }), 422)).toEqual({ errors });
  expect(await refused(post(whole(over)), 422)).toEqual({ errors });
});

test('bodies that cannot be read are told of in JSON', async () => {
  const to = (type: string, text: string) =>
    as(street).post(`${API}/v1/databases`).set('Content-Type', type).send(text);
  for (const text of ['{', '"text"', '{"database":', 'null'])
    expect(await refused(to('application/json', text), 400)).toEqual({
      error: expect.stringMatching(/^There was a problem in the JSON you submitted: /),
    });
  expect(await refused(to('text/plain', 'name=a'), 415)).toEqual({ error: expect.any(String) });
  expect(await refused(to('application/json; charset=latin1', '{}'), 415)).toEqual({ error: expect.any(String) });
  const large = JSON.stringify({ database: whole({ name: 'x'.repeat(200_000) }) });
  expect(await refused(to('application/json', large), 413)).toEqual({ error: expect.any(String) });
  const empty = as(street).post(`${API}/v1/databases`).set('Content-Type', 'application/json');
  expect(await refused(empty, 422)).toEqual({ errors: { database: MISSING } });
  const read = as(street).get(`${API}/v1/databases`).set('Content-Type', 'application/json'); // as clients in Go do
  expect((await read).status).toBe(200);
});

test.each([
  [{}, { project: MISSING }],
  [{ project: {} }, { name: MISSING }],
  [{ project: { name: 7 } }, { name: TEXT }],
  [{ project: { name: 'My Project' } }, { name: [expect.stringContaining('a-z, 0-9')] }],
  [{ project: { name: 'x'.repeat(64) } }, { name: [expect.stringContaining('63')] }],
  [{ project: { name: 'default' } }, { name: ['has already been taken'] }],
  [{ project: { name: 'other', default: true } }, { default: [expect.stringContaining('operators')] }],
  [{ project: { name: 'other', default: 'yes' } }, { default: ['should be true or false'] }],
])('a project with %j is 422', async (body, errors) => {
  expect(await refused(as(street).post(`${API}/v1/projects`).send(body), 422)).toEqual({ errors });
});

test('the default project is not deleted', async () => {
  const { body } = await as(street, 'stranger').get(`${API}/v1/projects`);
  const path = `${API}/v1/projects/${body.projects[0].id}`;
  expect(await refused(as(street, 'stranger').delete(path), 409)).toEqual({
    error: 'Cannot delete the default project',
  });
});

test('what is protected is 403, no room 503, a quota that is used up 403: each in the product’s form', async () => {
  await street.sql('UPDATE databases SET protected = true');
  for (const path of ['/v1/databases/there-db', '/v1/apps/there-db?current_name=there-db']) {
    const told = { error: 'The database is protected from deleting. Lift its protection first.', code: 'protected' };
    expect(await refused(as(street).delete(`${API}${path}`), 403)).toEqual(told);
  }
  await street.sql('UPDATE databases SET protected = false');
  await street.sql("UPDATE servers SET state = 'offline'");
  expect(await refused(post({ database: whole({}) }), 503)).toEqual({ error: expect.stringContaining('server') });
  await street.sql("UPDATE servers SET state = 'active'");
  await street.sql('UPDATE teams SET database_quota = 1');
  const told = { error: expect.any(String), code: 'quota_exceeded' };
  expect(await refused(post({ database: whole({}) }), 403)).toEqual(told);
  await street.sql('UPDATE teams SET database_quota = NULL');
});

test('an access without an environment of its own makes nothing: 422', async () => {
  const { access } = street.signers.owner;
  await street.store.accesses.update(access.id, { default_environment_id: null });
  const errors = { environment: [expect.stringContaining('no default')] };
  expect(await refused(post({ database: whole({}) }), 422)).toEqual({ errors });
  await street.store.accesses.update(access.id, { limit_environment_id: street.environmentId });
  expect((await post({ database: whole({}) })).status).toBe(201);
});

test('what breaks on our side is 500 in the product’s words, without a word of what it was', async () => {
  await street.sql('ALTER TABLE plans RENAME TO plans_elsewhere');
  const broken = { error: "Internal error occured, we're on it!" };
  const path = `${API}/v1/addon_providers/postgresql/plans`;
  expect(await refused(as(street).get(path), 500)).toEqual(broken);
  await street.sql('ALTER TABLE plans_elsewhere RENAME TO plans');
  await as(street).get(path).expect(200);
});
