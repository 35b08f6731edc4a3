// Every bad input gets a clear 4xx with the field named, and changes nothing.
import type { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { problemShape } from './shapes.fixture';

let api: TestApi;
let token: Secret;
let rows: Client;
let closeStore: () => Promise<void>;
let there: { databaseId: string; credentialId: string };

beforeAll(async () => {
  const testStore = await openTestStore();
  closeStore = testStore.close;
  api = await openTestApi(testStore.secretUrl);
  rows = new Client({ connectionString: testStore.url });
  await rows.connect();
  await api.context.store.catalog.ensureEnvironment('empty');
  await addEnvironment(api, 'production');
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'operator'] })).token;
  const { body } = await call('post', '/databases').send({ name: 'there' });
  await succeed(api, body.action.id);
  there = { databaseId: body.database.id, credentialId: body.action.credential_id };
});

afterAll(async () => {
  await rows.end();
  await api.close();
  await closeStore();
});

const call = (method: 'get' | 'post' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });

async function countRows(): Promise<unknown> {
  const tables = ['databases', 'credentials', 'grants', 'actions', 'servers', 'events'];
  const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`);
  return (await rows.query(`SELECT ${counts.join(', ')}`)).rows[0];
}

/** Sends it, and expects this problem and no new row. */
async function expectRefusal(
  sent: request.Test,
  expected: { status: number; code: string; fields?: string[] },
): Promise<string> {
  const before = await countRows();
  const answer = await sent;
  expect(answer.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = problemShape.parse(answer.body);
  const fields = (problem.errors ?? []).map(({ field }) => field);
  expect({ status: answer.status, code: problem.code, fields }).toEqual({ fields: [], ...expected });
  expect(problem.status).toBe(answer.status);
  expect(await countRows()).toEqual(before);
  return answer.text;
}

const invalid = (...fields: string[]) => ({ status: 422, code: 'invalid_request', fields });
const unknown = (field: string) => ({ status: 422, code: 'unknown_reference', fields: [field] });
const named = (more: object) => ({ name: 'new', ...more });
const manyLabels = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`key${index}`, '']));

test.each<[string, unknown, ReturnType<typeof invalid>]>([
  ['no name', {}, invalid('name')],
  ['an array', [], invalid('body')],
  ['a number as name', { name: 7 }, invalid('name')],
  ['null as name', { name: null }, invalid('name')],
  ['an empty name', { name: '' }, invalid('name')],
  ['a double quote', { name: 'a"b' }, invalid('name')],
  ['a single quote', { name: "a'b" }, invalid('name')],
  ['a backslash', { name: 'a\\b' }, invalid('name')],
  ['NUL', { name: 'a\0b' }, invalid('name')],
  ['a newline at the end', { name: 'ab\n' }, invalid('name')],
  ['capitals', { name: 'Orders' }, invalid('name')],
  ['a digit first', { name: '1st' }, invalid('name')],
  ['letters with dots above', { name: 'ärger' }, invalid('name')],
  ['64 bytes', { name: 'a'.repeat(64) }, invalid('name')],
  ['a system database', { name: 'template1' }, invalid('name')],
  ['the canary', { name: 'berth_canary' }, invalid('name')],
  ["a prefix of the server's", { name: 'pg_orders' }, invalid('name')],
  ['a reserved word', { name: 'public' }, invalid('name')],
  ['an unknown field', named({ size: 1 }), invalid('size')],
  ['two unknown fields', named({ size: 1, colour: 'red' }), invalid('size', 'colour')],
  ['__proto__ as a field', JSON.parse('{"name":"new","__proto__":{"x":1}}'), invalid('__proto__')],
  ['an unknown engine', named({ engine: 'oracle' }), unknown('engine')],
  ['a list as engine', named({ engine: ['postgresql'] }), invalid('engine')],
  ['an unknown plan', named({ plan: 'gigantic' }), unknown('plan')],
  ['NUL in a plan', named({ plan: 'a\0' }), invalid('plan')],
  ['an unknown pool', named({ pool: 'nowhere' }), unknown('pool')],
  ['half a character as pool', named({ pool: '\ud800' }), invalid('pool')],
  ['an unknown project', named({ project: 'x' }), unknown('project')],
  ['an unknown environment', named({ environment: 'moon' }), unknown('environment')],
  ['labels as a list', named({ labels: [] }), invalid('labels')],
  ['a number as label', named({ labels: { tier: 1 } }), invalid('labels.tier')],
  ['a label with a wrong key', named({ labels: { 'a b': 'x' } }), invalid('labels.a b')],
  ['NUL in a label', named({ labels: { tier: 'a\0' } }), invalid('labels.tier')],
  ['half a character in a label', named({ labels: { tier: '\udc00' } }), invalid('labels.tier')],
  ['a long label', named({ labels: { tier: 'x'.repeat(256) } }), invalid('labels.tier')],
  ['65 labels', named({ labels: manyLabels }), invalid('labels')],
])('POST /v1/databases refuses %s', async (_, body, expected) => {
  await expectRefusal(call('post', '/databases').send(Object(body)), expected);
});

test.each([
  ['{"__proto__":"x"}', 'labels.__proto__'],
  [JSON.stringify(Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`k${n}`, 'ü'.repeat(250)]))), 'labels'],
])('labels that would be left out, or fill the store, are refused', async (labels, field) => {
  const body = `{"name":"labelled","labels":${labels}}`;
  await expectRefusal(call('post', '/databases').type('json').send(body), invalid(field));
});

test('POST /v1/databases names the pair that does not fit', async () => {
  const body = named({ environment: 'production', pool: 'first-pool' });
  await expectRefusal(call('post', '/databases').send(body), {
    status: 422,
    code: 'disagree',
    fields: ['pool', 'environment'],
  });
});

test('POST /v1/databases says where no server is, which name is taken, and what has no default', async () => {
  const empty = call('post', '/databases').send(named({ environment: 'empty' }));
  const problem = await expectRefusal(empty, { status: 507, code: 'no_room', fields: ['engine'] });
  expect(problem).toContain('environment empty');
  const taken = call('post', '/databases').send({ name: 'there' });
  await expectRefusal(taken, { status: 409, code: 'name_taken', fields: ['name'] });
  const bare = await makeAccess(api, { scopes: ['admin'], hasDefaults: false });
  const asked = request(api.app).post('/v1/databases').set('authorization', `bearer ${bare.token.reveal()}`);
  await expectRefusal(asked.send({ name: 'new' }), invalid('engine', 'plan', 'project', 'environment'));
});

test('a body that is no JSON, of another kind, too large or not what it says is refused by its own code', async () => {
  const json = () => call('post', '/databases').type('application/json');
  const raw = { status: 400, code: 'malformed_body' };
  for (const text of ['{"name":', 'name=x', '"new"', '7', 'null', '{"name":"secret-in-the-body"', '\ufeff{']) {
    expect(await expectRefusal(json().send(text), raw)).not.toContain('secret-in-the-body');
  }
  await expectRefusal(json().set('content-encoding', 'gzip').send('{}'), raw);
  const other = { status: 415, code: 'unsupported_media_type' };
  await expectRefusal(call('post', '/databases').type('form').send('name=new'), other);
  await expectRefusal(call('post', '/databases').type('text/plain').send('{"name":"new"}'), other);
  await expectRefusal(call('post', '/databases').type('application/json; charset=latin1').send('{}'), other);
  await expectRefusal(json().set('content-encoding', 'zstd-ish').send('{}'), other);
  const large = JSON.stringify(named({ labels: { x: 'y'.repeat(100 * 1024) } }));
  await expectRefusal(json().send(large), { status: 413, code: 'body_too_large' });
  await expectRefusal(call('post', '/databases'), invalid('name'));
});

test.each([
  ['/databases?limit=0', 'limit'],
  ['/databases?limit=101', 'limit'],
  ['/databases?limit=1e1', 'limit'],
  ['/databases?limit=', 'limit'],
  ['/databases?limit=5&limit=6', 'limit'],
  ['/databases?state=gone', 'state'],
  ['/databases?name=a%00', 'name'],
  ['/databases?engine=postgresql', 'engine'],
  ['/databases?cursor=', 'cursor'],
  ['/databases?labels[tier]=x', 'labels[tier]'],
  ['/actions?state=deleted', 'state'],
  ['/actions?database_id=act_01h455vb4pex5vsknk084sn02q', 'database_id'],
  ['/actions?database_id=1', 'database_id'],
  ['/servers?state=gone', 'state'],
])('GET /v1%s is refused', async (path, field) => {
  await expectRefusal(call('get', path), invalid(field));
});

test.each(['x', 'bjE', 'bjA', 'bjAx', Buffer.from('n99999999999').toString('base64url'), 'n1', '%00'])(
  'the cursor %s, made by hand, is refused or no different from a real one',
  async (cursor) => {
    const genuine = 'bjE'; // what a page that ends at number 1 gives
    if (cursor === genuine) return void expect((await call('get', `/databases?cursor=${cursor}`)).status).toBe(200);
    await expectRefusal(call('get', `/databases?cursor=${cursor}`), { status: 400, code: 'invalid_cursor' });
  },
);

test('queries of single things are looked at as well', async () => {
  const { databaseId, credentialId } = there;
  await expectRefusal(call('delete', `/databases/${databaseId}?purge=maybe`), invalid('purge'));
  await expectRefusal(call('delete', `/databases/${databaseId}?force=true`), invalid('force'));
  await expectRefusal(call('get', `/databases/${databaseId}?x=`), invalid('x'));
  await expectRefusal(call('get', `/credentials/${credentialId}?reveal=yes`), invalid('reveal'));
  await expectRefusal(call('post', `/credentials/${credentialId}/reset?x=1`), invalid('x'));
});

test.each<[unknown, ReturnType<typeof invalid>]>([
  [{ username: 'a"b' }, invalid('username')],
  [{ username: '' }, invalid('username')],
  [{ username: 'postgres' }, invalid('username')],
  [{ username: 'pg_monitor' }, invalid('username')],
  [{ username: 'ok', password: 'mine' }, invalid('password')],
])('POST …/credentials refuses %j', async (body, expected) => {
  await expectRefusal(call('post', `/databases/${there.databaseId}/credentials`).send(Object(body)), expected);
});

test('a taken login is refused, and so is a body where none is asked for', async () => {
  const taken = call('post', `/databases/${there.databaseId}/credentials`).send({ username: 'there' });
  await expectRefusal(taken, { status: 409, code: 'name_taken', fields: ['username'] });
  const reset = call('post', `/credentials/${there.credentialId}/reset`).send({ password: 'mine' });
  await expectRefusal(reset, invalid('password'));
  await expectRefusal(call('post', `/servers/${api.server.id}/preflight`).send({ force: true }), invalid('force'));
});

const SECRET = 'a-secret-word';
const server = (more: object) => {
  const adminUrl = `postgres://admin:${SECRET}@db.example.org`;
  return { name: 'srv', engine: 'postgresql', pool: 'first-pool', admin_url: adminUrl, ...more };
};

test.each<[string, object, { status: number; code: string; fields: string[] }]>([
  ['no admin_url', server({ admin_url: undefined }), invalid('admin_url')],
  ['a URL of another kind', server({ admin_url: `http://admin:${SECRET}@host` }), invalid('admin_url')],
  ['a URL without a password', server({ admin_url: 'postgres://admin@host' }), invalid('admin_url')],
  ['a URL without a host', server({ admin_url: `postgres://admin:${SECRET}@` }), invalid('admin_url')],
  ['a URL with port 0', server({ admin_url: `postgres://admin:${SECRET}@host:0` }), invalid('admin_url')],
  ['a URL with a bad escape', server({ admin_url: `postgres://admin:${SECRET}%zz@host` }), invalid('admin_url')],
  ['an unknown sslmode', server({ admin_url: `postgres://a:${SECRET}@h?sslmode=prefer` }), invalid('admin_url')],
  ['open databases that are no list', server({ open_databases: 'template1' }), invalid('open_databases')],
  [
    'an open database that is none of the server’s own',
    server({ open_databases: ['template1', 'shop'] }),
    invalid('open_databases'),
  ],
  ['the canary left open', server({ open_databases: ['berth_canary'] }), invalid('open_databases')],
  ['a long URL', server({ admin_url: `postgres://a:${SECRET}@${'h'.repeat(3000)}` }), invalid('admin_url')],
  ['a bad name', server({ name: 'A b' }), invalid('name')],
  ['an unknown pool', server({ pool: 'nowhere' }), unknown('pool')],
  ['an unknown engine', server({ engine: 'oracle' }), unknown('engine')],
  ['a size of nothing', server({ size_bytes_max: 0 }), invalid('size_bytes_max')],
  ['half a byte', server({ size_bytes_max: 1.5 }), invalid('size_bytes_max')],
  ['a size as text', server({ size_bytes_max: '1' }), invalid('size_bytes_max')],
  ['a size beyond counting', server({ size_bytes_max: 2 ** 60 }), invalid('size_bytes_max')],
  ['an unknown field', server({ password: SECRET }), invalid('password')],
  ['a taken name', server({ name: 'first' }), { status: 409, code: 'name_taken', fields: ['name'] }],
])('POST /v1/servers refuses %s, and repeats no secret', async (_, body, expected) => {
  expect(await expectRefusal(call('post', '/servers').send(body), expected)).not.toContain(SECRET);
});

test('a server on a taken address is refused', async () => {
  const body = server({ admin_url: `postgres://admin:${SECRET}@${api.server.host}:5432` });
  const expected = { status: 409, code: 'name_taken', fields: ['admin_url'] };
  expect(await expectRefusal(call('post', '/servers').send(body), expected)).not.toContain(SECRET);
});
