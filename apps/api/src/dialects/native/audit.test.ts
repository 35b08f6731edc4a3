// The audit: every write, every password shown and every write refused, by whom, from where, and never a secret.
import { type Scope, Secret, systemClock } from '@berth/core';
import type { Log, LogFields } from '@berth/runtime';
import { makeToken } from '@berth/secrets';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { appOf } from '../../app';
import { openRateLimits } from '../../http/rate-limits';
import { auditShape, listShape } from './shapes.fixture';

let api: TestApi;
let testStore: TestStore;
let sql: Client;
let token: Secret;
let accessId: string;
let passedMs = 0;
const errors: { fields: LogFields; message: string }[] = [];
const keep = (fields: LogFields, message: string) => void errors.push({ fields, message });
const log: Log = { debug() {}, info() {}, infoSoon() {}, warn: keep, error: keep };
const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs };

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { change: { log, clock } });
  sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  const made = await makeAccess(api, { scopes: ['public', 'admin', 'credentials', 'operator'] });
  token = made.token;
  accessId = made.access.id;
});
beforeEach(() => {
  errors.splice(0);
  passedMs += 61_000; // each test has a minute of its own
});
afterAll(async () => {
  await sql.end();
  await api.close();
  await testStore.close();
});

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
const call = (method: Method, path: string, bearer = token) =>
  request(api.app)[method](path).auth(bearer.reveal(), { type: 'bearer' });

async function entries(query = ''): Promise<ReturnType<typeof auditShape.parse>[]> {
  const answer = await call('get', `/v1/audit${query}`);
  expect(answer.status).toBe(200);
  return listShape(auditShape).parse(answer.body).data;
}

async function newest(): Promise<ReturnType<typeof auditShape.parse>> {
  const [entry] = await entries('?limit=1');
  if (entry === undefined) throw new Error('the audit is empty');
  return entry;
}

async function newDatabase(name: string): Promise<{ databaseId: string; credentialId: string; actionId: string }> {
  const { body } = await call('post', '/v1/databases').send({ name });
  await succeed(api, body.action.id);
  return { databaseId: body.database.id, credentialId: body.action.credential_id, actionId: body.action.id };
}

test('a write is one entry: who, from where, on what, before and after as the API shows it', async () => {
  const made = (await call('post', '/v1/teams').send({ name: 'blue', database_quota: 3 })).body;
  const who = { access_id: accessId, person: 'caller@example.org', address: '127.0.0.1', outcome: 'done' };
  expect(await newest()).toMatchObject({ ...who, deed: 'team_create', subject_id: made.id, before: null, after: made });
  const changed = (await call('patch', `/v1/teams/${made.id}`).send({ database_quota: null })).body;
  expect(await newest()).toMatchObject({ deed: 'team_update', team_id: made.id, before: made, after: changed });
  await call('delete', `/v1/teams/${made.id}`);
  expect(await newest()).toMatchObject({ deed: 'team_delete', before: changed, after: null, error_code: null });
  expect(await entries(`?subject_id=${made.id}`)).toHaveLength(3);
});

test('a change that changes nothing is 200, with a key as well, and neither an entry nor an event', async () => {
  const { databaseId } = await newDatabase('unchanged');
  const path = `/v1/databases/${databaseId}`;
  const body = { labels: { a: '1', b: '2' }, protected: true, project: 'default' };
  const count = async () =>
    (await sql.query('SELECT (SELECT count(*) FROM audit) AS audit, (SELECT count(*) FROM events) AS events')).rows[0];
  const start = await count();
  const first = await call('patch', path).send(body);
  const before = await count();
  expect(before).toEqual({ audit: String(Number(start.audit) + 1), events: String(Number(start.events) + 1) });
  const again = { ...body, labels: { b: '2', a: '1' } };
  const answers = [
    await call('patch', path).send(again),
    await call('patch', path).set('Idempotency-Key', 'unchanged').send(again),
    await call('patch', path).set('Idempotency-Key', 'unchanged').send(again),
  ];
  for (const { body: shown, status } of answers) expect([status, shown]).toEqual([200, first.body]);
  expect(await count()).toEqual(before);
});

test('an action that is asked for is an entry that names it, whatever the dialect', async () => {
  const { databaseId, actionId } = await newDatabase('asked');
  expect(await newest()).toMatchObject({
    deed: 'database_create',
    team_id: api.team.id,
    subject_id: databaseId,
    action_id: actionId,
    before: null,
    after: { name: 'asked', plan: 'small', environment: 'development', server: 'first' },
  });
  await call('delete', `/v1/databases/${databaseId}?purge=true`);
  expect(await newest()).toMatchObject({ deed: 'database_delete', before: { name: 'asked' }, after: null });
  const stacks = (await call('get', '/cloud66/api/3/stacks')).body.response;
  const { uid } = stacks.find((each: { name: string }) => each.name === 'default') ?? stacks[0];
  const path = `/cloud66/api/3/stacks/${uid}/server_groups/${api.server.number}/databases`;
  expect((await call('post', path).send({ database_name: 'by_others', database_user_ids: [] })).status).toBe(200);
  expect(await newest()).toMatchObject({ deed: 'database_create', address: '127.0.0.1', after: { name: 'by_others' } });
  expect((await call('post', path).send({ database_name: 'by_others', database_user_ids: [] })).status).toBe(400);
  expect(await newest()).toMatchObject({
    deed: 'POST /cloud66/api/3/stacks/:stack_id/server_groups/:server_group_id/databases',
    outcome: 'refused',
    error_code: 'name_taken',
  });
});

test('a password that is shown is recorded first; where it cannot be recorded, none is shown', async () => {
  const { credentialId } = await newDatabase('secretive');
  const show = () => call('get', `/v1/credentials/${credentialId}?reveal=true`);
  await call('get', `/v1/credentials/${credentialId}`);
  expect(await entries('?deed=credential_reveal')).toEqual([]);
  const shown = await show();
  expect(shown.body.password).toMatch(/^\S{32}$/);
  expect(await entries('?deed=credential_reveal')).toMatchObject([{ subject_id: credentialId, access_id: accessId }]);
  const poor = await makeAccess(api, { scopes: ['public'] });
  expect((await call('get', `/v1/credentials/${credentialId}?reveal=true`, poor.token)).status).toBe(403);
  expect(await newest()).toMatchObject({
    deed: 'GET /v1/credentials/:id',
    error_code: 'missing_scope',
    subject_id: credentialId,
    access_id: poor.access.id,
  });
  await sql.query('ALTER TABLE audit RENAME TO audit_away');
  const blind = await show();
  await sql.query('ALTER TABLE audit_away RENAME TO audit');
  expect(blind.status).toBe(500);
  expect(blind.text).not.toContain(shown.body.password);
  expect(blind.body).not.toHaveProperty('password');
});

test('a write that is refused is recorded, with its route, its reason and what it was about', async () => {
  const { databaseId } = await newDatabase('refused');
  const poor = await makeAccess(api, { scopes: ['public'] });
  const attempts: [request.Test, string, string, string | null][] = [
    [call('post', '/v1/databases').send({ name: 'refused' }), 'POST /v1/databases', 'name_taken', null],
    [call('post', '/v1/databases').send({ name: 'A' }), 'POST /v1/databases', 'invalid_request', null],
    [call('post', '/v1/databases').type('json').send('{'), 'POST /v1/databases', 'malformed_body', null],
    [call('delete', `/v1/teams/${api.team.id}`), 'DELETE /v1/teams/:id', 'in_use', api.team.id],
    [call('delete', '/v1/databases/secret-word'), 'DELETE /v1/databases/:id', 'not_found', null],
    [call('put', '/v1/databases'), 'PUT /v1/databases', 'method_not_allowed', null],
    [call('post', '/v1/nothing'), 'POST /v1', 'not_found', null],
    [
      call('delete', `/v1/databases/${databaseId}`, poor.token),
      'DELETE /v1/databases/:id',
      'missing_scope',
      databaseId,
    ],
  ];
  for (const [sent, deed, code, subjectId] of attempts) {
    const before = (await newest()).number;
    const { status } = await sent;
    expect(status).toBeGreaterThanOrEqual(400);
    const entry = await newest();
    expect(entry).toMatchObject({
      deed,
      error_code: code,
      subject_id: subjectId,
      outcome: 'refused',
      address: '127.0.0.1',
    });
    expect(entry.number).toBeGreaterThan(before);
  }
  expect(await newest()).toMatchObject({
    access_id: poor.access.id,
    person: 'caller@example.org',
    team_id: api.team.id,
  });
  const before = (await newest()).number;
  await call('get', '/v1/databases/nothing');
  await call('get', '/v1/databases?limit=0');
  expect((await newest()).number).toBe(before); // reads that are refused are not
});

test('of strangers a minute holds so much and no more; the next minute tells how many were left out', async () => {
  const refusals = () => entries('?outcome=refused&deed=POST%20%2Fv1%2Fdatabases&limit=100');
  const before = (await refusals()).length;
  for (let index = 0; index < 14; index += 1) {
    const answer = await call('post', '/v1/databases', makeToken()).send({ name: 'x' });
    expect(answer.status).toBe(401);
  }
  expect((await request(api.app).post('/nowhere').send({})).status).toBe(404); // no way around it
  const after = await refusals();
  expect(after.length - before).toBe(10);
  expect(after[0]).toMatchObject({
    error_code: 'unauthenticated',
    access_id: null,
    person: null,
    address: '127.0.0.1',
  });
  passedMs += 61_000;
  await call('post', '/v1/databases', makeToken()).send({ name: 'x' });
  expect(errors).toMatchObject([{ fields: { count: 5 }, message: expect.stringContaining('left out of the audit') }]);
  expect((await refusals()).length - before).toBe(11);
  const [told] = await entries('?deed=refusals_left_out');
  expect(told).toMatchObject({ outcome: 'refused', access_id: null, team_id: null });
  expect(told?.after).toMatchObject({ count: 5, codes: { unauthenticated: 4, not_found: 1 } });
});

test('one token cannot fill the audit either: after sixty refusals in a minute the rest is one entry, of its own', async () => {
  const poor = await makeAccess(api, { scopes: ['public'] });
  const own = `access_id=${poor.access.id}&limit=100`;
  const attempt = (path: string) => call('post', path, poor.token).send({});
  for (let index = 0; index < 63; index += 1) expect((await attempt('/v1/databases')).status).toBe(403);
  expect(await entries(`?${own}`)).toHaveLength(60);
  const made = await call('post', '/v1/teams').send({ name: 'meanwhile' });
  expect((await newest()).subject_id).toBe(made.body.id); // what is done is recorded, whatever is refused
  passedMs += 61_000;
  const [told] = await eventually(async () => {
    const found = await entries(`?deed=refusals_left_out&${own}`); // any request is an occasion to tell it
    return found.length > 0 && found;
  });
  expect(told).toMatchObject({
    ...{ outcome: 'refused', error_code: 'too_many_requests', person: 'caller@example.org', team_id: api.team.id },
    ...{ subject_id: poor.access.id, before: null },
    after: { count: 3, codes: { missing_scope: 3 }, from: expect.any(String), until: expect.any(String) },
  });
  await attempt('/v1/databases');
  expect((await entries(`?${own}`)).map(({ deed }) => deed).slice(0, 3)).toEqual([
    'POST /v1/databases',
    'refusals_left_out',
    'POST /v1/databases',
  ]);
});

test('what was counted and cannot be recorded is logged; what is counted when the process stops is told then', async () => {
  const stopping = new AbortController();
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const app = appOf({ ...api.context, limits, stopping: stopping.signal });
  const poor = await makeAccess(api, { scopes: ['public'] });
  const attempts = async () => {
    for (let index = 0; index < 61; index += 1)
      await request(app).post('/v1/teams').auth(poor.token.reveal(), { type: 'bearer' });
  };
  await attempts();
  await sql.query('ALTER TABLE audit RENAME TO audit_away');
  passedMs += 61_000;
  await request(app).get('/healthz');
  await eventually(() => errors.some(({ message }) => message.startsWith('How many refusals were left out')));
  await sql.query('ALTER TABLE audit_away RENAME TO audit');
  expect(errors[0]?.fields).toMatchObject({ count: 1, accessId: poor.access.id });
  await attempts();
  stopping.abort();
  const [told] = await eventually(async () => {
    const found = await entries(`?deed=refusals_left_out&access_id=${poor.access.id}`);
    return found.length > 0 && found;
  });
  expect(told?.after).toMatchObject({ count: 1 });
});

test('a refusal that cannot be recorded is logged, and answered as it is', async () => {
  await sql.query('ALTER TABLE audit RENAME TO audit_away');
  const answer = await call('post', '/v1/databases').send({ name: 'A' });
  await sql.query('ALTER TABLE audit_away RENAME TO audit');
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request']);
  expect(errors.map(({ message }) => message)).toEqual(['A refused write could not be recorded in the audit']);
});

test('filters narrow, each and together, in pages', async () => {
  await call('post', '/v1/projects').send({ name: 'filtered', team: 'other' });
  const [entry] = await entries('?deed=project_create');
  expect(entry).toBeDefined();
  const at = entry?.created_at ?? '';
  const later = new Date(new Date(at).getTime() + 1).toISOString();
  expect(await entries(`?team=other&deed=project_create`)).toEqual([entry]);
  expect(await entries(`?team=own&deed=project_create`)).toEqual([]);
  expect(await entries(`?access_id=${accessId}&outcome=done&since=${at}&until=${later}&deed=project_create`)).toEqual([
    entry,
  ]);
  expect(await entries(`?deed=project_create&since=${later}`)).toEqual([]);
  expect(await entries(`?deed=project_create&until=${at}`)).toEqual([]);
  expect(await entries(`?deed=project_create&outcome=refused`)).toEqual([]);
  const all = await entries('?limit=100');
  const first = (await call('get', '/v1/audit?limit=2')).body;
  const second = (await call('get', `/v1/audit?limit=2&cursor=${first.next_cursor}`)).body;
  expect([...first.data, ...second.data]).toEqual(all.slice(0, 4));
  for (const query of ['outcome=all', 'since=yesterday', 'access_id=x', 'team=nobody', 'limit=0', 'who=me']) {
    expect([query, (await call('get', `/v1/audit?${query}`)).status]).toEqual([query, 422]);
  }
});

test.each([
  'deed=%00',
  'deed=',
  'since=0000-01-01T00:00:00Z',
  'since=yesterday',
  'since=0001-01-01T00:00:00%2B23:59',
  'until=9999-12-31T23:59:59-23:59',
])('?%s is refused by its field', async (query) => {
  const answer = await call('get', `/v1/audit?${query}`);
  expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, query.split('=')[0]]);
});

test('an address is what a trusted proxy says, and nobody else', async () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
  const addressSeen = async (trustedProxies: string[], headers: Record<string, string>) => {
    const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
    const app = appOf({ ...api.context, limits, stopping: api.stopping.signal, trustedProxies });
    const sent = request(app).post('/v1/teams').auth(token.reveal(), { type: 'bearer' }).set(headers);
    expect((await sent.send({ name: 'X' })).status).toBe(422);
    return (await newest()).address;
  };
  expect(await addressSeen([], forwarded)).toBe('127.0.0.1');
  expect(await addressSeen(['10.0.0.0/8'], forwarded)).toBe('127.0.0.1');
  expect(await addressSeen(['loopback'], forwarded)).toBe('198.51.100.7');
  expect(await addressSeen(['loopback', '198.51.100.7'], forwarded)).toBe('203.0.113.9');
  expect(await addressSeen(['loopback'], { 'x-forwarded-for': '<script>' })).toBeNull();
});

test("the board's sign-ins and buttons are recorded", async () => {
  const signIn = (text: string) => request(api.app).post('/admin/sign-in').type('form').send({ token: text });
  expect((await signIn('berth_wrong')).status).toBe(401);
  expect(await newest()).toMatchObject({ deed: 'POST /admin/sign-in', error_code: 'unauthenticated', access_id: null });
  const { token: poor, access } = await makeAccess(api, { scopes: ['admin'] });
  expect((await signIn(poor.reveal())).status).toBe(403);
  expect(await newest()).toMatchObject({ error_code: 'missing_scope', access_id: access.id });
  expect((await signIn(token.reveal())).status).toBe(303);
  expect(await newest()).toMatchObject({ deed: 'operator_sign_in', outcome: 'done', access_id: accessId });
  const pressed = await call('put', '/admin/queues/api/queues/berth-postgresql/promote');
  expect(pressed.status).toBeLessThan(300);
  expect(await newest()).toMatchObject({ deed: 'queue_change', after: { method: 'PUT', path: expect.any(String) } });
});

test('nothing in the audit is a secret, whatever was done and whatever was tried', async () => {
  const secrets = new Set<string>([token.reveal()]);
  const scopes: Scope[] = ['public', 'admin', 'credentials'];
  const issued = (await call('post', '/v1/accesses').send({ name: 'a', person: 'p', scopes })).body;
  const rotated = (await call('post', `/v1/accesses/${issued.id}/rotate`).send({ grace_seconds: 9 })).body;
  await call('delete', `/v1/accesses/${issued.id}`);
  for (const each of [issued.token, rotated.token]) secrets.add(each);
  const { credentialId } = await newDatabase('open-book');
  secrets.add((await call('get', `/v1/credentials/${credentialId}?reveal=true`)).body.password);
  await call('post', `/v1/credentials/${credentialId}/reset`);
  const register = (admin_url: string, name = 'new') =>
    call('post', '/v1/servers').send({ name, engine: 'postgresql', pool: 'first-pool', admin_url });
  const made = await register('postgres://chief:first-admin-word@a.example.org');
  expect(made.status).toBe(202);
  const id = made.body.server.id;
  expect((await register('postgres://chief:second-admin-word@[bad:1', 'bad')).status).toBe(422);
  const admin_url = 'postgres://chief:third-admin-word@b.example.org';
  expect((await call('patch', `/v1/servers/${id}`).send({ admin_url })).status).toBe(202);
  for (const word of ['first-admin-word', 'second-admin-word', 'third-admin-word']) secrets.add(word);
  const wrong = makeToken();
  await call('post', `/v1/databases/${wrong.reveal()}/credentials`);
  await call('delete', `/v1/databases/${wrong.reveal()}`, new Secret('berth_sent-by-mistake'));
  for (const each of [wrong.reveal(), 'berth_sent-by-mistake']) secrets.add(each);
  const { rows } = await sql.query<{ text: string }>('SELECT to_jsonb(audit)::text AS text FROM audit');
  const text = rows.map((row) => row.text).join('\n');
  expect(text).toContain('"server_preflight"');
  expect(text).toContain('b.example.org');
  for (const secret of secrets) expect([secret.length > 7, text.includes(secret)]).toEqual([true, false]);
});
