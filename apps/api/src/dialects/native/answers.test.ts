// What the native API answers when all is well: each shape to the letter, and the states a thing goes through.
import type { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import {
  credentialAccepted,
  credentialShape,
  databaseAccepted,
  databaseShape,
  listShape,
  problemShape,
  revealedShape,
  serverAccepted,
  serverShape,
  singleActionShape,
} from './shapes.fixture';

let api: TestApi;
let token: Secret;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'credentials', 'operator'] })).token;
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

const call = (method: 'get' | 'post' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });

async function create(name: string, body: object = {}) {
  const answer = await call('post', '/databases').send({ name, ...body });
  expect(answer.status).toBe(202);
  return databaseAccepted.parse(answer.body);
}

async function createAvailable(name: string) {
  const { action, database } = await create(name);
  await succeed(api, action.id);
  return { databaseId: database.id, credentialId: action.credential_id ?? '' };
}

test('a create is accepted with its action, its database and where to look', async () => {
  const answer = await call('post', '/databases').send({
    name: 'orders',
    engine: 'postgresql',
    plan: 'small',
    project: 'default',
    environment: 'development',
    pool: 'first-pool',
    labels: { tier: 'gold', 'example.org/owner': 'ünïcode' },
  });
  const { action, database } = databaseAccepted.parse(answer.body);
  expect(answer.status).toBe(202);
  expect(answer.get('location')).toBe(`/v1/actions/${action.id}`);
  expect(answer.get('cache-control')).toBe('no-store');
  expect(action).toMatchObject({
    kind: 'database_create',
    state: 'queued',
    database_id: database.id,
    started_at: null,
  });
  expect(action.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'reserve_names waiting',
    'create_database waiting',
    'create_login waiting',
    'check_login waiting',
    'check_isolation waiting',
  ]);
  expect(database).toMatchObject({ name: 'orders', state: 'creating', engine_name: 'orders', plan: 'small' });
  expect(database.labels).toEqual({ tier: 'gold', 'example.org/owner': 'ünïcode' });
});

test('what a body leaves out comes from the access', async () => {
  const { database } = await create('defaulted');
  expect(database).toMatchObject({ engine: 'postgresql', project: 'default', environment: 'development' });
});

test('an action shows the steps of its latest attempt: ended ones, the running one, those that wait', async () => {
  const { action } = await create('steps');
  const { actions } = api.context.store;
  const show = async () => singleActionShape.parse((await call('get', `/actions/${action.id}`)).body);
  const states = async () => (await show()).steps.map((step) => `${step.state} ${step.attempt}`);
  const first = await claim(api, action.id);
  expect(await states()).toEqual(['running 1', 'waiting 1', 'waiting 1', 'waiting 1', 'waiting 1']);
  await actions.recordStep(first, { name: 'reserve_names', state: 'succeeded', durationMs: 5, evidence: { a: 1 } });
  expect(await states()).toEqual(['succeeded 1', 'running 1', 'waiting 1', 'waiting 1', 'waiting 1']);
  await actions.recordStep(first, { name: 'create_database', state: 'failed', durationMs: 5, evidence: {} });
  await actions.postpone(first, 0, {
    code: 'server_unreachable',
    message: 'It is away.',
    isCounted: true,
    isUnreached: false,
  });
  expect((await show()).state).toBe('queued');
  expect(await states()).toEqual(['succeeded 1', 'failed 1', 'waiting 1', 'waiting 1', 'waiting 1']);
  const second = await claim(api, action.id);
  expect(await states()).toEqual(['running 2', 'waiting 2', 'waiting 2', 'waiting 2', 'waiting 2']);
  await actions.recordStep(second, { name: 'reserve_names', state: 'failed', durationMs: 5, evidence: {} });
  await actions.fail(second, 'engine_refused', 'The server refused.');
  const failed = await show();
  expect(failed.error).toEqual({ code: 'engine_refused', message: 'The server refused.' });
  expect(failed.steps.map(({ state }) => state)).toEqual(['failed', 'waiting', 'waiting', 'waiting', 'waiting']);
  expect(failed.steps[0]).toMatchObject({ attempt: 2, ended_at: expect.any(String), evidence: {} });
});

test('a queued action says what it waits for: its server, its line, its next try, a place at its server, a free worker', async () => {
  const { action, database } = await create('waiting');
  const { actions, servers } = api.context.store;
  const waiting = async (id: string) => singleActionShape.parse((await call('get', `/actions/${id}`)).body).waiting;
  expect(await waiting(action.id)).toMatchObject({ reason: 'worker', action_id: null, next_try_at: null });
  await actions.crowdOut(action.id, [action.server_id]);
  expect(await waiting(action.id)).toMatchObject({
    reason: 'server_full',
    message: expect.stringMatching(
      /^\d+ actions are at work on the server .+, as many as a worker takes of one server\./,
    ),
  });
  const { body } = await call('post', `/databases/${database.id}/credentials`).send({});
  const behind = credentialAccepted.parse(body).action;
  expect(await waiting(behind.id)).toEqual({
    reason: 'line',
    message: `It runs after database_create ${action.id}.`,
    action_id: action.id,
    next_try_at: null,
  });
  const claimed = await claim(api, action.id);
  expect(await waiting(action.id)).toBeNull();
  await actions.postpone(claimed, 60_000, {
    code: 'server_unreachable',
    message: 'It is away.',
    isCounted: false,
    isUnreached: true,
  });
  expect(await waiting(action.id)).toMatchObject({
    reason: 'next_try',
    message: 'It is away. It is tried again.',
    next_try_at: expect.any(String),
  });
  await servers.turn(action.server_id, 'offline');
  expect(await waiting(action.id)).toMatchObject({ reason: 'server', message: expect.stringContaining('is offline') });
  await servers.turn(action.server_id, 'active');
  expect(await waiting(behind.id)).toMatchObject({ reason: 'line', action_id: action.id });
});

test('a database goes from creating to available to a tombstone that is shown as deleted and not listed', async () => {
  const { databaseId } = await createAvailable('short-lived');
  const show = async () => databaseShape.parse((await call('get', `/databases/${databaseId}`)).body);
  expect(await show()).toMatchObject({ state: 'available', size_bytes: 7_000_000, charset: 'UTF8', deleted_at: null });
  const answer = await call('delete', `/databases/${databaseId}?purge=true`);
  const { action, database } = databaseAccepted.parse(answer.body);
  expect(answer.status).toBe(202);
  expect(database).toMatchObject({ state: 'available', delete_accepted_at: expect.any(String) });
  const again = await call('delete', `/databases/${databaseId}?purge=true`);
  expect(again.status).toBe(409);
  expect(problemShape.parse(again.body)).toMatchObject({ code: 'contradicts', action_id: action.id });
  await succeed(api, action.id);
  expect(await show()).toMatchObject({ state: 'deleted', deleted_at: expect.any(String) });
  const list = listShape(databaseShape).parse((await call('get', '/databases?name=short-lived')).body);
  expect(list).toEqual({ data: [], next_cursor: null });
  expect((await call('delete', `/databases/${databaseId}?purge=true`)).status).toBe(404);
});

test('a credential is asked for, listed, reset and deleted', async () => {
  const { databaseId, credentialId } = await createAvailable('logins');
  const asked = await call('post', `/databases/${databaseId}/credentials`).send({ username: 'reporting' });
  const { action, credential } = credentialAccepted.parse(asked.body);
  expect([asked.status, asked.get('location')]).toEqual([202, `/v1/actions/${action.id}`]);
  expect(credential).toMatchObject({ state: 'creating', grants: [{ database_id: databaseId, role: 'owner' }] });
  const unnamed = await call('post', `/databases/${databaseId}/credentials`);
  expect(credentialAccepted.parse(unnamed.body).credential.username).toMatch(/^logins_/);
  await succeed(api, action.id);
  const list = listShape(credentialShape).parse((await call('get', `/databases/${databaseId}/credentials`)).body);
  expect(list.data.map(({ state }) => state)).toEqual(['creating', 'active', 'active']);
  const reset = await call('post', `/credentials/${credentialId}/reset`);
  expect(credentialAccepted.parse(reset.body).action.kind).toBe('credential_reset');
  const removed = await call('delete', `/credentials/${credential.id}`);
  expect(removed.status).toBe(202);
  expect(credentialAccepted.parse(removed.body).action.kind).toBe('credential_delete');
  const shown = credentialShape.parse((await call('get', `/credentials/${credential.id}`)).body);
  expect(shown.delete_accepted_at).not.toBeNull();
});

test('a password is shown only when asked, only while it works, and the URL is whole', async () => {
  const { action } = await create('secrets');
  const path = `/credentials/${action.credential_id}`;
  const early = await call('get', `${path}?reveal=true`);
  expect([early.status, problemShape.parse(early.body).code]).toEqual([409, 'contradicts']);
  await succeed(api, action.id);
  credentialShape.parse((await call('get', path)).body);
  credentialShape.parse((await call('get', `${path}?reveal=false`)).body);
  const { uri, password, engine_username } = revealedShape.parse((await call('get', `${path}?reveal=true`)).body);
  const { host } = api.server;
  expect(uri).toBe(`postgresql://${engine_username}:${password}@${host}:5432/secrets?sslmode=require`);
});

test('a server is registered, listed, shown and looked at, and its admin access never comes back', async () => {
  const secret = 'a-very-secret-word';
  const answer = await call('post', '/servers').send({
    name: 'second',
    engine: 'postgresql',
    pool: 'first-pool',
    admin_url: `postgres://admin:${secret}@[::1]:5433/postgres?sslmode=verify-full`,
    size_bytes_max: 1_000_000_000_000,
  });
  const { action, server } = serverAccepted.parse(answer.body);
  expect([answer.status, answer.get('location')]).toEqual([202, `/v1/actions/${action.id}`]);
  expect(server).toMatchObject({ state: 'unchecked', host: '::1', port: 5433, tls: 'verify-full' });
  expect(action.kind).toBe('server_preflight');
  const joined = serverAccepted.parse((await call('post', `/servers/${server.id}/preflight`).send({})).body);
  expect(joined.action.id).toBe(action.id);
  const list = await call('get', '/servers');
  const one = await call('get', `/servers/${server.id}`);
  expect(
    listShape(serverShape)
      .parse(list.body)
      .data.map(({ name }) => name),
  ).toEqual(['second', 'first']);
  expect(serverShape.parse(one.body)).toEqual(server);
  for (const { text } of [answer, list, one]) expect(text).not.toMatch(new RegExp(`${secret}|admin`));
});
