// What is refused: who may not, what is not there, and every bad input. Each answer is the product's own, and nothing
// was changed by it.
import { ERRORS, type ErrorCode, newId, PlatformError, type Secret } from '@berth/core';
import { openLog } from '@berth/runtime';
import { hashToken } from '@berth/secrets';
import express from 'express';
import request from 'supertest';
import { makeAccess } from '../../api.fixture';
import { errorsTo } from '../../http/errors';
import { openRefusals } from '../../http/refusals';
import { decode } from './decode.fixture';
import { openRefused, type Refused } from './refused.fixture';
import { renderError } from './render-error';
import { API, as as asOf, newToken, openStreet, type Street, stackPath } from './street.fixture';

let street: Street;
let fixture: Refused;
let sql: Refused['sql'];
let token: Secret;
let otherToken: Secret;
let stack: string;
let production: string;
let otherStack: string;
let path: string;

beforeAll(async () => {
  street = await openStreet();
  fixture = await openRefused(street);
  ({ sql } = fixture);
  ({ token } = street);
  otherToken = await newToken(street, ['public', 'admin'], street.otherTeam);
  stack = await stackPath(street, 'development');
  production = await stackPath(street, 'production');
  otherStack = await stackPath(street, 'development', otherToken);
  path = databasesOf(stack, street.server.number);
});

afterAll(async () => {
  await fixture.close();
  await street.close();
});

const as = (bearer: Secret) => asOf(street, bearer);
const databasesOf = (of: string, group: number | string) => `${of}/server_groups/${group}/databases`;

const newDatabase = (name: string, at = path, bearer = token) => fixture.newDatabase(name, at, bearer);
const refused = (test: request.Test, status: number) => fixture.refused(test, status);

describe('who may', () => {
  test.each([
    ['no token', undefined],
    ['a wrong token', 'Bearer berth_wrong'],
    ['no word after Bearer', 'Bearer'],
    ['another scheme', 'Basic YTpi'],
  ])('401 for %s, everywhere', async (_what, authorization) => {
    for (const [method, url] of [
      ['get', `${API}/stacks`],
      ['get', path],
      ['post', path],
      ['delete', `${path}/x`],
    ] as const) {
      const call = request(street.app)[method](url);
      if (authorization !== undefined) call.set('Authorization', authorization);
      expect((await refused(call, 401)).error).toBe('unauthenticated');
    }
  });

  test('401 for a token that has expired', async () => {
    const expiresAt = new Date(Date.now() - 1000);
    const { token: expired } = await makeAccess(street, { scopes: ['public'], expiresAt });
    await refused(as(expired).get(path), 401);
  });

  test.each(['bearer', 'BEARER', 'Bearer'])('the scheme may be written %s', async (scheme) => {
    await request(street.app).get(path).set('Authorization', `${scheme} ${token.reveal()}`).expect(200);
  });

  test('403 without the scope: public reads, admin writes, none includes the other', async () => {
    const { uid } = await newDatabase('scoped');
    const reader = await newToken(street, ['public']);
    const writer = await newToken(street, ['admin', 'credentials', 'operator']);
    await as(reader).get(path).expect(200);
    expect((await refused(as(reader).post(path).send({ database_name: 'x' }), 403)).error).toBe('forbidden');
    await refused(as(reader).delete(`${path}/${uid}`), 403);
    const reads = ['', '/server_groups', `/server_groups/${street.server.number}`, '/actions', '/actions/1'];
    for (const read of reads) await refused(as(writer).get(`${stack}${read}`), 403);
    for (const read of [`${API}/stacks`, path, `${path}/${uid}`]) await refused(as(writer).get(read), 403);
    await as(writer).delete(`${path}/${uid}`).expect(200);
  });
});

describe('what is not there is 404', () => {
  test('for another team: its stacks, groups in them, databases and actions', async () => {
    const theirs = await newDatabase('theirs', databasesOf(otherStack, street.server.number), otherToken);
    await refused(as(token).get(otherStack), 404);
    await refused(as(token).get(`${otherStack}/server_groups`), 404);
    await refused(as(token).get(databasesOf(otherStack, street.server.number)), 404);
    await refused(as(token).post(databasesOf(otherStack, street.server.number)).send({ database_name: 'x' }), 404);
    await refused(as(token).get(`${otherStack}/actions/${theirs.number}`), 404);
    await refused(as(token).get(`${stack}/actions/${theirs.number}`), 404);
    await refused(as(token).get(`${path}/${theirs.uid}`), 404);
    await refused(as(token).delete(`${path}/${theirs.uid}`), 404);
    const { body } = await as(token).get(path);
    expect(decode.databases(body).response.map(({ name }) => name)).not.toContain('theirs');
  });

  test("for another team's ids, to the letter as for those that are nobody's", async () => {
    const theirs = await newDatabase('told', databasesOf(otherStack, street.server.number), otherToken);
    const uid = otherStack.slice(otherStack.lastIndexOf('/') + 1);
    const nobodys = `${uid.slice(0, -1)}${uid.endsWith('0') ? '1' : '0'}`;
    const [group, id] = [street.server.number, newId('database')];
    type Place = [(word: string) => string, string, string];
    const inStack = ['', '/actions', '/server_groups', `/server_groups/${group}`, `/server_groups/${group}/databases`];
    const places: Place[] = [
      ...inStack.map((rest): Place => [(word) => `${API}/stacks/${word}${rest}`, uid, nobodys]),
      [(word) => `${stack}/actions/${word}`, String(theirs.number), '987654321'],
      [(word) => `${path}/${word}`, theirs.uid, id],
    ];
    for (const [at, real, unreal] of places) {
      for (const method of ['get', 'delete', 'post'] as const) {
        const answers = await Promise.all([real, unreal].map((word) => as(token)[method](at(word)).send({})));
        const [one, other] = answers.map(({ status, text }, index) => [
          status,
          text.replaceAll([real, unreal][index] ?? '', 'TRIED'),
        ]);
        expect([method, at('TRIED'), one]).toEqual([method, at('TRIED'), other]);
      }
    }
  });

  test('for what is in another stack or group of the same team', async () => {
    const mine = await newDatabase('mine');
    await refused(as(token).get(`${production}/actions/${mine.number}`), 404);
    await refused(as(token).get(databasesOf(production, street.server.number)), 404);
    await refused(as(token).get(`${stack}/server_groups/${street.productionServer.number}`), 404);
    await refused(as(token).delete(`${databasesOf(stack, street.uncheckedServer.number)}/${mine.uid}`), 404);
  });

  test('for what the limits of an access do not reach', async () => {
    const bearer = await newToken(street, ['public', 'admin']);
    const hash = hashToken(bearer);
    await sql.query('UPDATE accesses SET limit_environment_id = $1 WHERE secret_hash = $2', [
      street.productionId,
      hash,
    ]);
    const { body } = await as(bearer).get(`${API}/stacks`).expect(200);
    expect(decode.stacks(body).response.map(({ environment }) => environment)).toEqual(['production', 'production']);
    await refused(as(bearer).get(path), 404);
    const elsewhere = await street.store.catalog.ensureProject(street.team.id, 'elsewhere');
    await sql.query('UPDATE accesses SET limit_project_id = $1 WHERE secret_hash = $2', [elsewhere.id, hash]);
    await refused(as(bearer).get(production), 404);
  });

  test.each([
    '/',
    '/nothing',
    '/stacks/x',
    '/stacks/%00',
    '/stacks/%E0%A4%A',
    "/stacks/'--",
    `/stacks/${'f'.repeat(5000)}`,
  ])('at %.30s', async (url) => {
    expect((await refused(as(token).get(API + url), 404)).error).toBe('not_found');
  });

  test.each(['0', '-1', '1.5', '1e1', '99999999999999999999', '2147483648', '999999', '%00', 'srv_x', "1'--", 'act_1'])(
    'for a server group, a database and an action called %s',
    async (id) => {
      await refused(as(token).get(databasesOf(stack, id)), 404);
      await refused(as(token).post(databasesOf(stack, id)).send({ database_name: 'x' }), 404);
      await refused(as(token).get(`${path}/${id}`), 404);
      await refused(as(token).delete(`${path}/${id}`), 404);
      await refused(as(token).get(`${stack}/actions/${id}`), 404);
    },
  );

  test('for a method that an address does not know, with what it knows', async () => {
    for (const method of ['put', 'patch', 'delete'] as const) {
      const answer = await as(token)[method](path).expect(404).expect('Allow', 'GET, POST, HEAD, OPTIONS');
      decode.refusal(answer.body);
    }
    await refused(as(token).post(`${API}/stacks`).send({}), 404);
  });
});

describe('a bad create is 400, says which field, and changes nothing', () => {
  const name = (value: unknown): [string, object] => [
    JSON.stringify(value)?.slice(0, 30) ?? '',
    { database_name: value },
  ];

  test.each([
    name(1),
    name(null),
    name(true),
    name(['a']),
    name({ a: 1 }),
    name(''),
    name('1a'),
    name('_a'),
    name('a-b'),
    name('a b'),
    name("a'b"),
    name('a"b'),
    name('a\\b'),
    name('a\u0000b'),
    name('a\n'),
    name('ä'),
    name('a.b'),
    name('a'.repeat(64)),
    name('a'.repeat(50_000)),
    name('postgres'),
    name('TEMPLATE1'),
    name('pg_x'),
    name('berth_canary'),
    name('public'),
    ['no name', { database_user_ids: [] }],
  ])('database_name %s', async (_what, body) => {
    const refusal = await refused(as(token).post(path).send(body), 400);
    expect(refusal.error).toBe('bad_request');
    expect(refusal.details).toContain('database_name');
    expect(refusal.details.length).toBeLessThan(300);
  });

  test.each([
    ['a list', ['user_abc123']],
    ['a string', 'user_abc123'],
    ['numbers', [1]],
    ['an object', { a: 1 }],
    ['true', true],
    ['NUL', ['a\u0000']],
  ])('database_user_ids as %s', async (_what, ids) => {
    const refusal = await refused(as(token).post(path).send({ database_name: 'fine', database_user_ids: ids }), 400);
    expect(refusal.details).toContain('database_user_ids.0');
    expect(refusal.details.length).toBeLessThan(3000);
  });

  test('database_user_ids as a very long list', async () => {
    const ids = Array.from({ length: 9000 }, (_, index) => `user_${index}`.slice(0, 8));
    const refusal = await refused(as(token).post(path).send({ database_name: 'fine', database_user_ids: ids }), 400);
    expect(refusal.details).toBe('database_user_ids: names 20 at most');
  });

  test.each([
    ['malformed JSON', 'application/json', '{"database_name":'],
    ['an empty body', 'application/json', ''],
    ['a list', 'application/json', '[]'],
    ['a list of bodies', 'application/json', '[{"database_name":"fine"}]'],
    ['null', 'application/json', 'null'],
    ['a string', 'application/json', '"database_name"'],
    ['an unknown field', 'application/json', '{"database_name":"fine","databse_user_ids":[]}'],
    ['a prototype', 'application/json', '{"__proto__":{"database_name":"fine"}}'],
    ['JSON called a form', 'application/x-www-form-urlencoded', '{"database_name":"fine"}'],
    ['a form without a name', 'application/x-www-form-urlencoded', 'database_user_ids[]=a'],
    ['a form with two names', 'application/x-www-form-urlencoded', 'database_name=one&database_name=two'],
    ['a form of too many fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(2000)],
    ['plain text', 'text/plain', 'database_name=fine'],
    ['another charset', 'application/json; charset=latin9', '{"database_name":"fine"}'],
    ['a multipart form', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
    ['more than 100 kB', 'application/json', JSON.stringify({ database_name: 'fine', pad: 'x'.repeat(110_000) })],
  ])('a body that is %s', async (_what, type, body) => {
    expect((await refused(as(token).post(path).set('Content-Type', type).send(body), 400)).error).toBe('bad_request');
  });

  test('a name that is taken', async () => {
    await newDatabase('taken');
    const refusal = await refused(as(token).post(path).send({ database_name: 'taken' }), 400);
    expect(refusal.error_description).toContain('taken');
  });

  test('a name that nine others ask for at the same moment', async () => {
    const calls = Array.from({ length: 10 }, () => as(token).post(path).send({ database_name: 'raced' }));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 400)]);
  });

  test('a group whose server is not active', async () => {
    const unchecked = databasesOf(stack, street.uncheckedServer.number);
    const refusal = await refused(as(token).post(unchecked).send({ database_name: 'fine' }), 400);
    expect(refusal.error_description).toContain('unchecked');
  });

  test('an environment without a plan of the engine', async () => {
    await sql.query('INSERT INTO plan_environments SELECT id, $1 FROM plans', [street.environmentId]);
    const there = databasesOf(production, street.productionServer.number);
    const refusal = await refused(as(token).post(there).send({ database_name: 'fine' }), 400);
    expect(refusal.error_description).toContain('No plan');
    await sql.query('DELETE FROM plan_environments');
  });
});

describe('a delete that stands against another', () => {
  test('is 400 while the first is under way, naming its action by number', async () => {
    const { uid } = await newDatabase('twice');
    const first = await as(token).delete(`${path}/${uid}`).expect(200);
    const refusal = await refused(as(token).delete(`${path}/${uid}`), 400);
    expect(refusal.error_description).toContain(`action ${decode.action(first.body).response.id}`);
  });

  test('a field that is not known is named as it was sent, though ours has that name', async () => {
    const { details } = await refused(as(token).post(path).send({ name: 'mistaken' }), 400);
    expect(details).toBe('database_name: is required; name: is not known here');
  });

  test('is 400 for a protected database', async () => {
    const { uid } = await newDatabase('guarded');
    await sql.query('UPDATE databases SET protected = true WHERE id = $1', [uid]);
    expect((await refused(as(token).delete(`${path}/${uid}`), 400)).error_description).toContain('protected');
  });
});

test.each(Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS))(
  'the error %s has a status of the product and says something',
  async (code) => {
    const failing = express().use(
      () => {
        throw new PlatformError(code, 'what happened', { fields: [{ field: 'name', message: 'is wrong' }] });
      },
      errorsTo(
        renderError,
        openLog('test', 'silent'),
        openRefusals({ ...street.context, stopping: new AbortController().signal }),
      ),
    );
    const { status, body } = await request(failing).get('/');
    expect([400, 401, 403, 404, 500, 503]).toContain(status);
    expect(body).toEqual({
      error: expect.stringMatching(/^[a-z_]+$/),
      error_description: 'what happened',
      details: 'database_name: is wrong',
    });
  },
);
