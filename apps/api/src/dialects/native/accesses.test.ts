// Tokens, from the one answer that shows them to the moment they open nothing any more.
import type { Secret } from '@berth/core';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { accessShape, issuedShape, listShape, problemShape } from './shapes.fixture';

let api: TestApi;
let token: Secret;
let ownId: string;
let testStore: TestStore;
let sql: Client;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  await addEnvironment(api, 'production');
  const own = await makeAccess(api, { scopes: ['operator'] });
  token = own.token;
  ownId = own.access.id;
});

afterAll(async () => {
  await sql.end();
  await api.close();
  await testStore.close();
});

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });
const base = { name: 'ci', person: 'dev@example.org', scopes: ['public'] };
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

async function issue(body: object = {}) {
  const answer = await call('post', '/accesses').send({ ...base, ...body });
  expect([answer.status, answer.get('location')]).toEqual([201, `/v1/accesses/${answer.body.id}`]);
  return issuedShape.parse(answer.body);
}

/** What a request with this token is answered: 200 while it works. */
async function statusOf(bearer: string): Promise<number> {
  return (await request(api.app).get('/v1/databases').set('authorization', `Bearer ${bearer}`)).status;
}

async function expectProblem(sent: request.Test, status: number, code: string, ...fields: string[]): Promise<string> {
  const answer = await sent;
  const problem = problemShape.parse(answer.body);
  const named = (problem.errors ?? []).map(({ field }) => field);
  expect([answer.status, problem.code, named]).toEqual([status, code, fields]);
  return problem.detail;
}

test('a token is shown once, works at once, and is nowhere afterwards', async () => {
  const made = await issue({
    expires_at: inAnHour(),
    limits: { project: 'default', environment: 'development' },
    defaults: {
      engine: 'postgresql',
      plan: 'small',
      project: 'default',
      environment: 'development',
      pool: 'first-pool',
    },
    sees_quarantine: true,
  });
  const { token: shown, ...rest } = made;
  expect(await statusOf(shown)).toBe(200);
  const seen = accessShape.parse((await call('get', `/accesses/${made.id}`)).body);
  expect({ ...seen, last_used_at: null }).toEqual({ ...rest, last_used_at: null });
  expect(seen).toMatchObject({
    team: 'own',
    limits: { project: 'default', environment: 'development' },
    defaults: { engine: 'postgresql', plan: 'small', pool: 'first-pool' },
    sees_quarantine: true,
  });
  const list = await call('get', '/accesses');
  expect(
    listShape(accessShape)
      .parse(list.body)
      .data.map(({ id }) => id),
  ).toContain(made.id);
  const { rows } = await sql.query(`SELECT count(*)::int AS n FROM accesses a WHERE a::text LIKE '%' || $1 || '%'`, [
    shown,
  ]);
  expect(rows[0].n).toBe(0);
});

test('what a change does not name stays, and null takes away', async () => {
  const made = await issue({ limits: { project: 'default', environment: 'development' }, expires_at: inAnHour() });
  const change = { name: 'cd', scopes: ['public', 'admin'], limits: { project: null }, expires_at: null };
  const changed = await call('patch', `/accesses/${made.id}`).send(change);
  const { token: _, ...before } = made;
  const limits = { project: null, environment: 'development' };
  expect(changed.body).toEqual({ ...before, ...change, limits });
  expect((await call('get', `/accesses/${made.id}`)).body).toEqual(changed.body);
});

test('a revoked token opens nothing from the next request on; its row stays and is listed when asked for', async () => {
  const made = await issue({ name: 'leaver' });
  expect(await statusOf(made.token)).toBe(200);
  expect((await call('delete', `/accesses/${made.id}`)).status).toBe(204);
  expect(await statusOf(made.token)).toBe(401);
  const names = async (query: string) =>
    (await call('get', `/accesses?${query}`)).body.data.map(({ name }: { name: string }) => name);
  expect(await names('name=leaver')).toEqual([]);
  expect(await names('name=leaver&revoked=true')).toEqual(['leaver']);
  expect(await names('revoked=true&team=other')).toEqual([]);
  expect((await call('get', `/accesses/${made.id}`)).body.revoked_at).not.toBeNull();
  await expectProblem(call('delete', `/accesses/${made.id}`), 409, 'contradicts');
  await expectProblem(call('patch', `/accesses/${made.id}`).send({ name: 'back' }), 409, 'contradicts');
  await expectProblem(call('post', `/accesses/${made.id}/rotate`), 409, 'contradicts');
});

test('a rotated token works for its time of grace, the one before it not, and revoking ends both at once', async () => {
  const made = await issue();
  const first = issuedShape.parse((await call('post', `/accesses/${made.id}/rotate`)).body);
  expect(first.previous_token_until).toBeNull();
  expect([await statusOf(made.token), await statusOf(first.token)]).toEqual([401, 200]);
  const second = issuedShape.parse(
    (await call('post', `/accesses/${made.id}/rotate`).send({ grace_seconds: 60 })).body,
  );
  expect(second.previous_token_until).not.toBeNull();
  expect([await statusOf(first.token), await statusOf(second.token)]).toEqual([200, 200]);
  await sql.query(`UPDATE accesses SET previous_until = now() - interval '1 ms' WHERE id = $1`, [made.id]);
  expect([await statusOf(first.token), await statusOf(second.token)]).toEqual([401, 200]);
  const third = (await call('post', `/accesses/${made.id}/rotate`).send({ grace_seconds: 86_400 })).body;
  expect([await statusOf(second.token), await statusOf(third.token)]).toEqual([200, 200]);
  await call('delete', `/accesses/${made.id}`);
  expect([await statusOf(second.token), await statusOf(third.token)]).toEqual([401, 401]);
  for (const grace_seconds of [-1, 86_401, 1.5, '1']) {
    const sent = call('post', `/accesses/${made.id}/rotate`).send({ grace_seconds });
    await expectProblem(sent, 422, 'invalid_request', 'grace_seconds');
  }
});

test('nobody locks itself out: an access does not revoke itself, nor take operator from itself', async () => {
  expect(await expectProblem(call('delete', `/accesses/${ownId}`), 409, 'in_use')).toContain('calling with');
  const poorer = call('patch', `/accesses/${ownId}`).send({ scopes: ['public', 'admin'] });
  expect(await expectProblem(poorer, 409, 'in_use')).toContain('another token of an operator');
  const richer = await call('patch', `/accesses/${ownId}`).send({ scopes: ['operator', 'public'] });
  expect([richer.status, richer.body.scopes]).toEqual([200, ['operator', 'public']]);
  const other = await issue({ scopes: ['operator'] });
  const byOther = request(api.app).patch(`/v1/accesses/${ownId}`).set('authorization', `Bearer ${other.token}`);
  expect((await byOther.send({ scopes: ['operator'] })).status).toBe(200);
});

test.each<[string, object, string[], string?]>([
  ['a scope that does not exist', { scopes: ['public', 'root'] }, ['scopes.1']],
  ['no scope', { scopes: [] }, ['scopes']],
  ['one scope twice', { scopes: ['public', 'public'] }, ['scopes']],
  ['an expiry in the past', { expires_at: '2020-01-01T00:00:00Z' }, ['expires_at']],
  ['a time without its zone', { expires_at: '2090-01-01T00:00:00' }, ['expires_at']],
  ['a day that is none', { expires_at: '2090-02-30T00:00:00Z' }, ['expires_at']],
  ['a token of its own', { token: 'berth_mine' }, ['token']],
  ['an unknown team', { team: 'nobody' }, ['team'], 'unknown_reference'],
  ['an unknown limit', { limits: { project: 'nothing' } }, ['limits.project'], 'unknown_reference'],
  ['a limit of another kind', { limits: { plan: 'small' } }, ['limits.plan']],
  ['an unknown default', { defaults: { plan: 'huge' } }, ['defaults.plan'], 'unknown_reference'],
  ['an unknown engine', { defaults: { engine: 'oracle' } }, ['defaults.engine'], 'unknown_reference'],
  [
    'a default outside the limit',
    { limits: { environment: 'development' }, defaults: { environment: 'production' } },
    ['defaults.environment', 'limits.environment'],
    'disagree',
  ],
])('POST and PATCH of accesses refuse %s, and change nothing', async (_, body, fields, code = 'invalid_request') => {
  const { token: shown, ...made } = await issue();
  const count = async () => (await sql.query('SELECT count(*) FROM accesses')).rows;
  const before = await count();
  await expectProblem(call('post', '/accesses').send({ ...base, ...body }), 422, code, ...fields);
  expect((await call('patch', `/accesses/${made.id}`).send(body)).status).toBe(422);
  expect(await count()).toEqual(before);
  expect((await call('get', `/accesses/${made.id}`)).body).toEqual(made);
  expect(await statusOf(shown)).toBe(200);
});

test("a limit is a project of the access's own team", async () => {
  const { id } = (await call('get', '/projects?team=other')).body.data[0];
  const sent = call('post', '/accesses').send({ ...base, limits: { project: id } });
  await expectProblem(sent, 422, 'unknown_reference', 'limits.project');
  const made = await issue({ team: 'other', limits: { project: id } });
  const foreign = (await call('get', '/projects?team=own')).body.data[0].id;
  const change = call('patch', `/accesses/${made.id}`).send({ limits: { project: foreign } });
  await expectProblem(change, 422, 'unknown_reference', 'limits.project');
  await expectProblem(call('patch', `/accesses/${made.id}`).send({ team: 'own' }), 422, 'invalid_request', 'team');
});

const lastUse = async (id: string): Promise<string | null> => (await call('get', `/accesses/${id}`)).body.last_used_at;

test('the last use is written, no more than once a minute, and never where it would have to wait', async () => {
  const made = await issue();
  expect(await lastUse(made.id)).toBeNull();
  await statusOf(made.token);
  const first = await eventually(() => lastUse(made.id));
  await statusOf(made.token);
  await statusOf(made.token);
  expect(await lastUse(made.id)).toBe(first);

  await sql.query(`UPDATE accesses SET last_used_at = now() - interval '61 s' WHERE id = $1`, [made.id]);
  const old = await lastUse(made.id);
  await sql.query('BEGIN');
  await sql.query('SELECT FROM accesses WHERE id = $1 FOR UPDATE', [made.id]); // somebody changes it, for long
  expect(await statusOf(made.token)).toBe(200);
  const other = await issue();
  await statusOf(other.token);
  await eventually(() => lastUse(other.id)); // the locked one did not stand in its way
  expect(await lastUse(made.id)).toBe(old);
  await sql.query('COMMIT');
  await statusOf(made.token);
  await eventually(async () => (await lastUse(made.id)) !== old);
});

test('a token is found by its two unique indexes, not by looking at all accesses', async () => {
  await sql.query('BEGIN');
  await sql.query(
    `INSERT INTO accesses (id, team_id, kind, name, person, secret_hash)
      SELECT 'acc_' || n, $1, 'bearer', 'one of many', 'p', 'h' || n FROM generate_series(1, 5000) n`,
    [api.team.id],
  );
  await sql.query('ANALYZE accesses');
  const { rows } = await sql.query(
    `EXPLAIN SELECT id FROM accesses WHERE (secret_hash = 'x' OR (previous_secret_hash = 'x' AND previous_until > now()))
      AND kind = 'bearer' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
  );
  await sql.query('ROLLBACK');
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('accesses_secret_hash_key');
  expect(plan).toContain('accesses_previous_secret_hash_key');
});
