// One login on several databases through the native API: what is asked, shown, refused, and kept from whose eyes.
import type { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { credentialAccepted, credentialShape, databaseShape, problemShape, revealedShape } from './shapes.fixture';

let api: TestApi;
let sql: Client;
let closeStore: () => Promise<void>;
let token: Secret;
/** Limited to the project `default`. */
let limited: Secret;
let count = 0;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  sql = new Client({ connectionString: store.url });
  await sql.connect();
  await addEnvironment(api, 'production');
  const scopes = ['public', 'admin', 'credentials'] as const;
  token = (await makeAccess(api, { scopes: [...scopes] })).token;
  const other = await makeAccess(api, { scopes: [...scopes] });
  limited = other.token;
  await sql.query('UPDATE accesses SET limit_project_id = $1 WHERE id = $2', [api.project.id, other.access.id]);
});

afterAll(async () => {
  await sql.end();
  await api.close();
  await closeStore();
});

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string, by: Secret = token) =>
  request(api.app)[method](`/v1${path}`).auth(by.reveal(), { type: 'bearer' });

async function make(body: object = {}): Promise<{ id: string; name: string; login: string }> {
  count += 1;
  const name = `d${count}`;
  const answer = await call('post', '/databases').send({ name, ...body });
  await succeed(api, answer.body.action.id);
  return { id: answer.body.database.id, name, login: answer.body.action.credential_id };
}

async function grant(login: string, database: string, role: string): Promise<void> {
  const answer = await call('post', `/credentials/${login}/grants`).send({ database, role });
  expect(answer.status).toBe(202);
  await succeed(api, answer.body.action.id);
}

async function refused(sent: PromiseLike<request.Response>, status: number, code: string, field?: string) {
  const before = (await sql.query('SELECT g::text FROM grants g ORDER BY id')).rows;
  const answer = await sent;
  const problem = problemShape.parse(answer.body);
  expect([answer.status, problem.code, problem.errors?.[0]?.field]).toEqual([status, code, field]);
  expect((await sql.query('SELECT g::text FROM grants g ORDER BY id')).rows).toEqual(before);
  return problem;
}

const show = async (login: string) => credentialShape.parse((await call('get', `/credentials/${login}`)).body);

test('a login is made with a role, and given others on a second database, by name or id', async () => {
  const [one, other] = [await make(), await make()];
  const asked = await call('post', `/databases/${one.id}/credentials`).send({ role: 'readonly' });
  const { action, credential } = credentialAccepted.parse(asked.body);
  expect(credential.grants).toEqual([{ database_id: one.id, database: one.name, role: 'readonly' }]);
  await succeed(api, action.id);
  await grant(credential.id, other.name, 'readwrite');
  await grant(credential.id, other.id, 'owner'); // the pair has one grant: it is changed
  expect((await show(credential.id)).grants.map(({ database_id, role }) => [database_id, role])).toEqual([
    [one.id, 'readonly'],
    [other.id, 'owner'],
  ]);
  for (const { id } of [one, other]) {
    const listed = await call('get', `/databases/${id}/credentials`);
    expect(listed.body.data.map((each: { id: string }) => each.id)).toContain(credential.id);
  }
  const revealed = revealedShape.parse((await call('get', `/credentials/${credential.id}?reveal=true`)).body);
  expect(revealed.grants.map(({ uri }) => new URL(uri ?? '').pathname)).toEqual([`/${one.name}`, `/${other.name}`]);
  expect(revealed.uri).toBe(revealed.grants[0]?.uri);
});

test('a grant is taken away, twice is one action, and is not shown any more; the last one stays', async () => {
  const [one, other] = [await make(), await make()];
  await grant(one.login, other.id, 'readonly');
  const path = `/credentials/${one.login}/grants`;
  const first = await call('delete', `${path}/${other.id}`);
  expect([first.status, first.body.action.kind]).toEqual([202, 'grant_delete']);
  expect((await call('delete', `${path}/${other.id}`)).body.action.id).toBe(first.body.action.id);
  const problem = await refused(call('delete', `${path}/${one.id}`), 409, 'contradicts');
  expect(problem.detail).toContain(`DELETE /v1/credentials/${one.login}`);
  await succeed(api, first.body.action.id);
  expect((await show(one.login)).grants).toHaveLength(1);
  await refused(call('delete', `${path}/${other.id}`), 404, 'not_found');
  await grant(one.login, other.id, 'readwrite'); // and given again
});

test('what is done to a pair already stands against another role, and is joined by the same', async () => {
  const [one, other] = [await make(), await make()];
  const ask = (role: string) => call('post', `/credentials/${one.login}/grants`).send({ database: other.id, role });
  const first = await ask('readonly');
  expect((await ask('readonly')).body.action.id).toBe(first.body.action.id);
  const problem = await refused(ask('owner'), 409, 'contradicts');
  expect(problem.action_id).toBe(first.body.action.id);
  await refused(call('delete', `/credentials/${one.login}/grants/${other.id}`), 409, 'contradicts');
});

test('a database that is not there, of another team, on another server, or of an unclear name is refused by its field', async () => {
  const [one, elsewhere] = [await make(), await make({ environment: 'production' })];
  const { token: foreign } = await makeAccess(api, { team: api.otherTeam, scopes: ['admin'] });
  const others = (await call('post', '/databases', foreign).send({ name: 'theirs' })).body.database.id;
  const ask = (database: unknown, role: unknown = 'readonly') =>
    call('post', `/credentials/${one.login}/grants`).send({ database, role });
  for (const unknown of ['nothing', others, 'theirs', 'db_01h455vb4pex5vsknk084sn02q'])
    await refused(ask(unknown), 422, 'unknown_reference', 'database');
  await refused(ask(elsewhere.id), 422, 'disagree', 'database');
  await refused(ask(undefined), 422, 'invalid_request', 'database');
  await refused(ask(one.id, 'superuser'), 422, 'invalid_request', 'role');
  await refused(
    call('post', `/databases/${one.id}/credentials`).send({ role: 'root' }),
    422,
    'invalid_request',
    'role',
  );
});

test('a login that also opens a database outside the limits is seen, and neither reset, deleted nor revealed', async () => {
  const [inside, outside] = [await make(), await make({ project: 'second' })];
  await grant(inside.login, outside.id, 'readonly');
  const seen = await call('get', `/credentials/${inside.login}`, limited);
  expect(credentialShape.parse(seen.body).grants.map(({ database_id }) => database_id)).toEqual([inside.id]);
  const path = `/credentials/${inside.login}`;
  await refused(call('post', `${path}/reset`, limited), 409, 'in_use');
  await refused(call('delete', path, limited), 409, 'in_use');
  await refused(call('get', `${path}?reveal=true`, limited), 409, 'in_use');
  await refused(call('delete', `${path}/grants/${outside.id}`, limited), 404, 'not_found');
  await refused(
    call('post', `${path}/grants`, limited).send({ database: outside.id, role: 'owner' }),
    422,
    'unknown_reference',
    'database',
  );
  const mine = await call('delete', `${path}/grants/${inside.id}`, limited);
  expect(mine.status).toBe(202);
  expect((await call('post', `${path}/reset`)).status).toBe(202);
});

test('PATCH changes labels, protection and project at once, all of the labels together, and records it', async () => {
  const { id } = await make({ labels: { tier: 'gold', owner: 'ann' } });
  const before = Number((await sql.query('SELECT max(number) AS last FROM events')).rows[0].last);
  const change = { labels: { tier: 'silver' }, protected: true, project: 'second' };
  const answer = await call('patch', `/databases/${id}`).send(change);
  expect([answer.status, databaseShape.parse(answer.body)]).toEqual([200, expect.objectContaining(change)]);
  const events = await sql.query('SELECT type FROM events WHERE number > $1', [before]);
  expect(events.rows).toEqual([{ type: 'database.updated' }]);
  const audit = await sql.query(`SELECT before, after FROM audit WHERE deed = 'database_update' AND subject_id = $1`, [
    id,
  ]);
  expect(audit.rows).toMatchObject([
    { before: { labels: { tier: 'gold', owner: 'ann' }, protected: false }, after: change },
  ]);
  expect((await call('delete', `/databases/${id}`)).body.code).toBe('protected');
  expect((await call('patch', `/databases/${id}`).send({ plan: 'small', labels: {} })).body.labels).toEqual({});
});

test('PATCH to another plan is an action; a second one meanwhile is refused, naming nothing changed', async () => {
  const { catalog } = api.context.store;
  await catalog.ensurePlan({ name: 'large', engine: 'postgresql', sizeBytesMax: 2n ** 31n, connectionsMax: 50 });
  await catalog.ensurePlan({ name: 'tiny', engine: 'postgresql', sizeBytesMax: 1_000_000n, connectionsMax: 5 });
  const { id } = await make();
  const patch = (body: object) => call('patch', `/databases/${id}`).send(body);
  const tiny = await refused(patch({ plan: 'tiny' }), 422, 'disagree', 'plan');
  expect(tiny.detail).toMatch(/7000000 bytes.*1000000/);
  await catalog.ensurePlan({ name: 'huge', engine: 'postgresql', sizeBytesMax: 2n ** 50n, connectionsMax: 50 });
  await refused(patch({ plan: 'huge' }), 507, 'no_room', 'plan');
  await refused(patch({ plan: 'none' }), 422, 'unknown_reference', 'plan');
  const answer = await patch({ plan: 'large', labels: { a: 'b' } });
  expect([answer.status, answer.body.action.kind]).toEqual([202, 'database_update']);
  expect(answer.body.database).toMatchObject({ plan: 'small', labels: { a: 'b' } });
  await refused(patch({ plan: 'small' }), 409, 'contradicts');
  expect((await patch({ labels: {} })).status).toBe(200);
  await succeed(api, answer.body.action.id);
  expect((await call('get', `/databases/${id}`)).body.plan).toBe('large');
});

test.each<[string, object, string]>([
  ['nothing', {}, 'body'],
  ['an unknown field', { size: 1 }, 'size'],
  ['a name', { name: 'other' }, 'name'],
  ['null as labels', { labels: null }, 'labels'],
  ['text as protection', { protected: 'yes' }, 'protected'],
])('PATCH /v1/databases/:id refuses %s', async (_, body, field) => {
  const { id } = await make();
  await refused(call('patch', `/databases/${id}`).send(body), 422, 'invalid_request', field);
});

test('in quarantine labels and protection are changed, place and plan are not; on its way out nothing is', async () => {
  const { id } = await make();
  await succeed(api, (await call('delete', `/databases/${id}`)).body.action.id);
  expect((await call('patch', `/databases/${id}`).send({ protected: true, labels: { a: 'b' } })).status).toBe(200);
  await refused(call('patch', `/databases/${id}`).send({ project: 'second' }), 409, 'contradicts');
  await refused(call('patch', `/databases/${id}`).send({ plan: 'large' }), 409, 'contradicts');
  await call('patch', `/databases/${id}`).send({ protected: false });
  await call('delete', `/databases/${id}?purge=true`);
  await refused(call('patch', `/databases/${id}`).send({ protected: true }), 409, 'contradicts');
});

test('owner_login: none makes a database without a login', async () => {
  const answer = await call('post', '/databases').send({ name: 'bare', owner_login: 'none' });
  expect([answer.status, answer.body.action.credential_id]).toEqual([202, null]);
  await succeed(api, answer.body.action.id);
  expect((await call('get', `/databases/${answer.body.database.id}/credentials`)).body.data).toEqual([]);
  await refused(
    call('post', '/databases').send({ name: 'x', owner_login: 'maybe' }),
    422,
    'invalid_request',
    'owner_login',
  );
});
