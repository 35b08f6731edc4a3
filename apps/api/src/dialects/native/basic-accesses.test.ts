// Accesses with a login and a password: shown once if it was made, never if it was chosen, and found again nowhere.
import { Secret } from '@berth/core';
import { isPassword } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { accessShape, issuedLoginShape, problemShape } from './shapes.fixture';

let api: TestApi;
let token: Secret;
let testStore: TestStore;
let sql: Client;
/** The id of an access with a login. */
let there: string;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  token = (await makeAccess(api, { scopes: ['operator'] })).token;
  there = (await issue()).id;
});

afterAll(async () => {
  await sql.end();
  await api.close();
  await testStore.close();
});

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });
const base = { name: 'ci', person: 'dev@example.org', scopes: ['public'], kind: 'basic' };
let made = 0;

async function issue(body: object = {}) {
  made += 1;
  const answer = await call('post', '/accesses').send({ ...base, login: `login${made}`, ...body });
  expect([answer.status, answer.get('location')]).toEqual([201, `/v1/accesses/${answer.body.id}`]);
  return issuedLoginShape.parse(answer.body);
}

async function rotate(id: string, body: object = {}) {
  const answer = await call('post', `/accesses/${id}/rotate`).send(body);
  expect(answer.status).toBe(200);
  return issuedLoginShape.parse(answer.body);
}

/** Whether they open a living access. */
async function opens(login: string, password = ''): Promise<boolean> {
  const access = await api.context.store.accesses.findBasic(login);
  return access !== null && isPassword(new Secret(password), access.secret_hash ?? '');
}

/** Every row of the store in one text. */
async function everything(): Promise<string> {
  const { rows } = await sql.query(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`);
  const texts: string[] = [];
  for (const { table_name } of rows)
    texts.push(JSON.stringify((await sql.query(`SELECT * FROM "${table_name}"`)).rows));
  return texts.join('\n');
}

async function expectProblem(sent: request.Test, status: number, code: string, ...fields: string[]): Promise<string> {
  const answer = await sent;
  const problem = problemShape.parse(answer.body);
  expect([answer.status, problem.code, (problem.errors ?? []).map(({ field }) => field)]).toEqual([
    status,
    code,
    fields,
  ]);
  return JSON.stringify(problem);
}

test('a password that Berth made is shown once and opens the access; its login is its name where none is asked', async () => {
  const answer = await call('post', '/accesses').send({ ...base, name: 'by-its-name' });
  const { password, ...rest } = issuedLoginShape.parse(answer.body);
  expect([rest.login, rest.previous_token_until, await opens('by-its-name', password)]).toEqual([
    'by-its-name',
    null,
    true,
  ]);
  const seen = accessShape.parse((await call('get', `/accesses/${rest.id}`)).body);
  expect(seen).toEqual(rest);
  expect((await call('get', '/accesses?name=by-its-name')).body.data).toEqual([rest]);
  expect(await everything()).not.toContain(password);
});

test('a chosen password opens the access, is answered to nobody and kept in no row, key or entry', async () => {
  const password = '123456';
  const send = () =>
    call('post', '/accesses')
      .set('Idempotency-Key', 'chosen')
      .send({ ...base, login: 'admin', password });
  const [first, second] = [await send(), await send()];
  expect([first.status, second.text, second.get('idempotency-replayed')]).toEqual([201, first.text, 'true']);
  expect(first.body).not.toHaveProperty('password');
  expect(await opens('admin', password)).toBe(true);
  const chosen = 'another long päss word';
  expect(await rotate(first.body.id, { password: chosen })).not.toHaveProperty('password');
  const all = await everything();
  expect(all).not.toContain(chosen);
  expect(JSON.stringify((await call('get', `/audit?subject_id=${first.body.id}`)).body)).not.toContain(password);
});

test('the password before ends with the next one, at once, and revoking ends both', async () => {
  const { id, login, password } = await issue();
  const next = await rotate(id);
  expect([await opens(login, password), await opens(login, next.password)]).toEqual([false, true]);
  const grace = call('post', `/accesses/${id}/rotate`).send({ grace_seconds: 60 });
  expect(await expectProblem(grace, 422, 'invalid_request', 'grace_seconds')).toContain('ends at once');
  expect(await opens(login, next.password)).toBe(true);
  await call('delete', `/accesses/${id}`);
  expect(await opens(login, next.password)).toBe(false);
  await expectProblem(call('post', `/accesses/${id}/rotate`), 409, 'contradicts');
});

test('a login belongs to one living access of all teams, letter by letter, and is free when that is revoked', async () => {
  const { id } = await issue({ login: 'wanted', team: 'other' });
  const again = call('post', '/accesses').send({ ...base, login: 'wanted' });
  expect(await expectProblem(again, 409, 'name_taken', 'login')).toContain('wanted');
  await issue({ login: 'Wanted' });
  await call('delete', `/accesses/${id}`);
  await issue({ login: 'wanted' });
});

test('of many that want a login at once one gets it', async () => {
  const send = () => call('post', '/accesses').send({ ...base, login: 'crowded', password: 'secret' });
  const statuses = (await Promise.all(Array.from({ length: 5 }, send))).map(({ status }) => status);
  expect(statuses.sort()).toEqual([201, 409, 409, 409, 409]);
});

test.each<[string, object, string[]]>([
  ['a kind that does not exist', { kind: 'digest' }, ['kind']],
  ['an empty login', { login: '' }, ['login']],
  ['a login with a colon', { login: 'a:b' }, ['login']],
  ['a login with a space', { login: 'a b' }, ['login']],
  ['a login with a NUL', { login: 'a\0' }, ['login']],
  ['a login beyond ASCII', { login: 'ä' }, ['login']],
  ['a login of 65 letters', { login: 'x'.repeat(65) }, ['login']],
  ['a login that is no text', { login: 7 }, ['login']],
  ['a password of 5 characters', { password: '12345' }, ['password']],
  ['a password of 5 characters that are two each', { password: '\u{1f600}'.repeat(5) }, ['password']],
  ['a password of 201 characters', { password: 'x'.repeat(201) }, ['password']],
  ['a password with a NUL', { password: '123456\0' }, ['password']],
  ['a password with a line break', { password: '123\n456' }, ['password']],
  ['a password with half a character', { password: `12345\ud83d` }, ['password']],
  ['a password that is no text', { password: 123_456 }, ['password']],
  ['a password of nothing', { password: null }, ['password']],
])('an access is neither made nor rotated with %s, and no value is repeated', async (_, wrong, fields) => {
  const before = await everything();
  const sent = [call('post', '/accesses').send({ ...base, login: 'fresh', ...wrong })];
  if (fields[0] === 'password') sent.push(call('post', `/accesses/${there}/rotate`).send(wrong));
  for (const each of sent) {
    const said = await expectProblem(each, 422, 'invalid_request', ...fields);
    for (const value of Object.values(wrong)) if (`${value}`.length > 4) expect(said).not.toContain(`${value}`);
  }
  expect(withoutRefusals(await everything())).toEqual(withoutRefusals(before));
});

/** Refusals are recorded; nothing else may have changed. The last use is noted meanwhile. */
function withoutRefusals(text: string): string[] {
  const ofOthers = text.split('\n').filter((line) => !line.includes('"error_code"'));
  return ofOthers.map((line) => line.replace(/"last_used_at":("[^"]*"|null)/g, ''));
}

test('what belongs to the other kind is refused by its name, and nothing of it changes', async () => {
  const bearer = { ...base, kind: 'bearer' };
  for (const [field, value] of [
    ['login', 'a-login'],
    ['password', 'a password'],
  ]) {
    const sent = call('post', '/accesses').send({ ...bearer, [`${field}`]: value });
    expect(await expectProblem(sent, 422, 'invalid_request', `${field}`)).toContain('of kind basic');
  }
  const answer = await call('post', '/accesses').send(bearer);
  const rotated = call('post', `/accesses/${answer.body.id}/rotate`).send({ password: 'a password' });
  expect(await expectProblem(rotated, 422, 'invalid_request', 'password')).toContain('of kind basic');
  expect((await request(api.app).get('/v1/databases').auth(answer.body.token, { type: 'bearer' })).status).toBe(200);
  const { id, login } = await issue();
  for (const [field, value] of [
    ['login', 'other'],
    ['password', 'a password'],
    ['kind', 'bearer'],
  ])
    await expectProblem(
      call('patch', `/accesses/${id}`).send({ [`${field}`]: value }),
      422,
      'invalid_request',
      `${field}`,
    );
  expect((await call('patch', `/accesses/${id}`).send({ scopes: ['admin'] })).body).toMatchObject({
    login,
    kind: 'basic',
  });
});

test('a login and its password are no token: the native API takes neither', async () => {
  const { login, password = '' } = await issue({ scopes: ['public', 'operator'] });
  expect((await request(api.app).get('/v1/databases').auth(login, password)).status).toBe(401);
  expect((await request(api.app).get('/v1/databases').auth(password, { type: 'bearer' })).status).toBe(401);
});
