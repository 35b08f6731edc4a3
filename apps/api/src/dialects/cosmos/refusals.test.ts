// What is refused: who may not, what is not there, and every bad input. Each answer is the product's own, and nothing was
// changed by it.
import { Client } from 'pg';
import request from 'supertest';
import { worked } from '../../hand.fixture';
import {
  as,
  authorizationOf,
  type Method,
  MOUNT,
  made,
  openStreet,
  query,
  type Street,
  send,
  type Who,
} from './street.fixture';

let street: Street;
let sql: Client;
let rid: string;

beforeAll(async () => {
  street = await openStreet();
  sql = new Client({ connectionString: street.storeUrl });
  await sql.connect();
  rid = (await made(street, 'There'))._rid;
});
afterAll(async () => {
  await sql?.end();
  await street?.close();
});

async function rows(): Promise<number[]> {
  const tables = ['databases', 'actions', 'events', 'credentials', 'grants', 'accesses'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  const { rows: found } = await sql.query(`SELECT ${counts.join(', ')}`);
  return Object.values(found[0]);
}

/** Sends what must be refused, and sees that nothing was written, and that clients can read the answer. Returns its message. */
async function refused(sent: request.Test, status: number, code: string): Promise<string> {
  const before = await rows();
  const answer = await sent;
  expect([answer.status, answer.body.code, answer.get('content-type')]).toEqual([status, code, 'application/json']);
  expect(await rows()).toEqual(before);
  expect(Object.keys(answer.body)).toEqual(['code', 'message']);
  const activityId = answer.get('x-ms-activity-id');
  const [message, end] = answer.body.message.split('\r\n');
  expect(end).toBe(`ActivityId: ${activityId}, Microsoft.Azure.Documents.Common/2.14.0`);
  expect(answer.get('cache-control')).toBe('no-store, no-cache');
  expect(answer.get('x-ms-substatus')).toBeUndefined(); // clients would try again and again
  expect(message).not.toMatch(/\b[a-z]{2,5}_[0-7][0-9a-hjkmnp-tv-z]{25}\b/);
  return message;
}

const key = () => street.keys.owner.secret.reveal();
const agoOf = (minutes: number) => new Date(Date.now() - minutes * 60_000).toUTCString();
const PLACES: [Method, string][] = [
  ['get', '/'],
  ['get', '/dbs'],
  ['post', '/dbs'],
  ['get', '/dbs/There'],
  ['delete', '/dbs/There'],
];

describe('who may', () => {
  const headers = (change: Record<string, string | null>) => ({ headers: change });

  test.each([
    ['no authorization', { authorization: null }, /^Required Header authorization is missing\./],
    ['an empty one', { authorization: '' }, /^Required Header authorization is missing\./],
    ['a bearer token', { authorization: 'Bearer berth_x' }, /^The format of the input authorization token is invalid/],
    ['no URL encoding', { authorization: '%zz' }, /^The format of the input authorization token is invalid/],
    ['a resource token', { authorization: 'type%3Dresource%26ver%3D1%26sig%3Dx' }, /type resource are not taken here/],
    ['one of Entra', { authorization: 'type%3Daad%26ver%3D1.0%26sig%3Dx' }, /type aad are not taken here/],
    ['no date', { 'x-ms-date': null }, /^Authorization token mandates Date header\./],
    ['a date of another form', { 'x-ms-date': '2026-01-01T00:00:00Z' }, /RFC 1123/],
    ['a day that never was', { 'x-ms-date': 'Fri, 31 Feb 2026 00:00:00 GMT' }, /RFC 1123/],
    ['a wrong day of the week', { 'x-ms-date': 'Mon, 31 Dec 2025 00:00:00 GMT' }, /RFC 1123/],
  ])('%s is 401 everywhere', async (_what, change, message) => {
    for (const [method, path] of PLACES)
      expect(await refused(send(street, method, path, headers(change)), 401, 'Unauthorized')).toMatch(message);
  });

  test.each([
    ['another key', () => ({ key: Buffer.alloc(64, 7).toString('base64') })],
    ['an empty key', () => ({ key: '' })],
    ['the right key for another verb', () => ({ verb: 'patch' })],
    ['for another type', () => ({ type: 'colls' })],
    ['for another link', () => ({ link: 'dbs/Other' })],
    ['for a link in other letters', () => ({ link: 'dbs/there' })],
    ['for another date', () => headers({ 'x-ms-date': agoOf(1) })],
    ['a signature that is cut', () => headers({ authorization: `${authorizationOf(key(), 'x').slice(0, -6)}` })],
  ])('%s is 401, and says what was to be signed where it was one', async (_what, change) => {
    for (const [method, path] of PLACES) {
      const message = await refused(send(street, method, path, change()), 401, 'Unauthorized');
      if (message.startsWith('The format')) continue;
      expect(message).toMatch(/^The input authorization token can't serve the request\./);
      expect(message).toContain(`payload to sign: '${method}\n`);
    }
  });

  test('a date more than fifteen minutes from now is 403 in both directions, whoever signed', async () => {
    for (const date of [agoOf(16), agoOf(-16)]) {
      for (const signer of [key(), Buffer.alloc(64).toString('base64')]) {
        const message = await refused(send(street, 'get', '/dbs', { date, key: signer }), 403, 'Forbidden');
        expect(message).toMatch(/^The authorization token is not valid at the current time\. Please create another/);
        expect(message).toContain(`(token start time: ${date}, token expiry time: `);
      }
    }
    for (const date of [agoOf(14), agoOf(-14)]) await send(street, 'get', '/dbs', { date }).expect(200);
  });

  test('within that time a request may be sent again', async () => {
    const date = new Date().toUTCString();
    for (let times = 0; times < 3; times += 1) await send(street, 'get', '/dbs', { date }).expect(200);
  });

  test('the header date is enough, and escapes may be of either case or none', async () => {
    const date = new Date().toUTCString();
    const both = authorizationOf(key(), `get\ndbs\n\n\n${date.toLowerCase()}\n`);
    await send(street, 'get', '/dbs', headers({ 'x-ms-date': null, date, authorization: both })).expect(200);
    const now = authorizationOf(key(), `get\ndbs\n\n${date.toLowerCase()}\n\n`);
    for (const authorization of [now, now.replace(/%../g, (each) => each.toLowerCase()), decodeURIComponent(now)])
      await send(street, 'get', '/dbs', { date, headers: { authorization } }).expect(200);
  });

  test('without a version of the API it is 400, with any that is a day 200', async () => {
    for (const version of [null, '', 'latest'])
      expect(
        await refused(send(street, 'get', '/dbs', headers({ 'x-ms-version': version })), 400, 'BadRequest'),
      ).toMatch(/^Invalid API version\./);
    for (const version of ['2015-08-06', '2018-09-17', '2020-07-15', '2018-12-31.preview'])
      await send(street, 'get', '/dbs', headers({ 'x-ms-version': version })).expect(200);
  });

  test('who may only read writes nothing', async () => {
    for (const [method, path] of [
      ['post', '/dbs'],
      ['delete', '/dbs/There'],
      ['delete', '/dbs/None'],
    ] as const)
      expect(await refused(as(street, 'reader', method, path), 403, 'Forbidden')).toMatch(
        /^The authorization token has no/,
      );
    await as(street, 'reader', 'get', '/dbs/There').expect(200);
    const { rows: told } = await sql.query(
      `SELECT deed, error_code AS code FROM audit WHERE outcome = 'refused' AND access_id = $1 ORDER BY number`,
      [street.keys.reader.access.id],
    );
    expect(told).toHaveLength(3);
    expect(told).toContainEqual({ deed: 'DELETE /cosmos/dbs/:id', code: 'missing_scope' });
  });

  test.each(['stranger', 'limited'] as Who[])(
    "to the %s what is another team's, or outside its limits, is not there",
    async (who) => {
      for (const path of ['/dbs/There', `/dbs/${rid}`, '/dbs/None']) {
        await refused(as(street, who, 'get', path), 404, 'NotFound');
        await refused(as(street, who, 'delete', path), 404, 'NotFound');
      }
      const secret = street.keys[who].secret.reveal();
      const list = await as(street, who, 'get', '/dbs').expect(200);
      expect([list.body, list.get('x-ms-resource-usage')]).toEqual([
        { _rid: '', Databases: [], _count: 0 },
        'databases=0;',
      ]);
      const asked = await query(street, "SELECT * FROM r WHERE r.id = 'There'", [], { key: secret }).expect(200);
      expect(asked.body.Databases).toEqual([]);
      const after = { 'x-ms-continuation': rid };
      await refused(as(street, who, 'get', '/dbs', { headers: after }), 400, 'BadRequest');
    },
  );
});

describe('bad input', () => {
  const post = (body: string, type = 'application/json', who: Who = 'owner') =>
    as(street, who, 'post', '/dbs').set('content-type', type).send(body);

  test.each([
    '',
    '{',
    '"x"',
    'null',
    '[]',
    '[{"id":"x"}]',
    '{}',
    '{"id":null}',
    '{"id":1}',
    '{"id":["x"]}',
    '{"id":""}',
    '{"id":"a/b"}',
    '{"id":"a\\\\b"}',
    '{"id":"a?b"}',
    '{"id":"a#b"}',
    '{"id":"a "}',
    '{"id":"a\\u0000b"}',
    '{"id":"a\\nb"}',
    '{"id":"a\\ud800b"}',
    JSON.stringify({ id: 'x'.repeat(256) }),
  ])('a create of %s is 400', async (body) => {
    await refused(post(body), 400, 'BadRequest');
  });

  test('a body that is too large is 413, and one that is no JSON 400, whatever it is called', async () => {
    await refused(post(JSON.stringify({ id: 'x', more: 'x'.repeat(200_000) })), 413, 'RequestEntityTooLarge');
    await refused(post('id=x', 'application/x-www-form-urlencoded'), 400, 'BadRequest');
    await refused(post('x', 'text/plain'), 400, 'BadRequest');
  });

  test('an id that is there is 409, in the words that clients look for', async () => {
    const message = await refused(post('{"id":"There"}'), 409, 'Conflict');
    expect(message).toBe('Message: {"Errors":["Resource with specified id or name already exists."]}');
  });

  test('a key without defaults says which it lacks', async () => {
    const message = await refused(post('{"id":"x"}', 'application/json', 'bare'), 400, 'BadRequest');
    expect(message).toMatch(/^The key has no default for: engine, plan, environment\./);
  });

  test('a default that is gone, a quota and a server without room are told without ids of ours', async () => {
    await street.sql('UPDATE teams SET database_quota = 1 WHERE id = $1', [street.team.id]);
    expect(await refused(post('{"id":"x"}'), 403, 'Forbidden')).toMatch(/quota/);
    await street.sql('UPDATE teams SET database_quota = NULL WHERE id = $1', [street.team.id]);
    await street.sql("UPDATE servers SET state = 'draining'");
    await refused(post('{"id":"x"}'), 503, 'ServiceUnavailable');
    await street.sql("UPDATE servers SET state = 'active'");
    await street.sql('UPDATE plans SET deleted_at = now()');
    expect(await refused(post('{"id":"x"}'), 400, 'BadRequest')).toMatch(/^There is no plan\b/);
    await street.sql('UPDATE plans SET deleted_at = NULL');
  });

  test.each(['x', '0', '-2', '1.5', '1e3', '99999999999', ' ', 'NaN'])('a page of %j is 400', async (count) => {
    const headers = { 'x-ms-max-item-count': count };
    await refused(send(street, 'get', '/dbs', { headers }), 400, 'BadRequest');
  });

  test.each(['x', 'vdoeAA==', 'AAAAAA==', '99999w==', '1', '!', 'x'.repeat(2_000)])(
    'the made-up continuation %j is 400',
    async (continuation) => {
      const headers = { 'x-ms-continuation': continuation };
      expect(await refused(send(street, 'get', '/dbs', { headers }), 400, 'BadRequest')).toBe(
        'Invalid Continuation Token',
      );
      await refused(query(street, 'SELECT * FROM r', [], { headers }), 400, 'BadRequest');
    },
  );

  test('a query that is not understood is 400, a body that is none too', async () => {
    expect(await refused(query(street, 'SELECT r.id FROM r'), 400, 'BadRequest')).toContain('SELECT * FROM root r');
    const headers = { 'x-ms-documentdb-isquery': 'True', 'content-type': 'application/query+json' };
    for (const body of ['', '{', '[]', '{"query":1}'])
      await refused(send(street, 'post', '/dbs', { headers }).send(body), 400, 'BadRequest');
    const text = { ...headers, 'content-type': 'text/plain' };
    await refused(send(street, 'post', '/dbs', { headers: text }).send('SELECT *'), 400, 'BadRequest');
    await refused(post('{"query":"SELECT * FROM r"}', 'application/query+json'), 400, 'BadRequest'); // no query by its headers
  });

  test('a delete of another state of it is 412, and what is protected 403', async () => {
    const headers = { 'if-match': '"00000000-0000-0000-0000-000000000000"' };
    await refused(send(street, 'delete', '/dbs/There', { headers }), 412, 'PreconditionFailed');
    await street.sql('UPDATE databases SET protected = true');
    await refused(send(street, 'delete', '/dbs/There'), 403, 'Forbidden');
    await street.sql('UPDATE databases SET protected = false');
  });
});

describe('what is not there', () => {
  test.each([
    ['get', '/dbs/None'],
    ['get', '/dbs/there'],
    ['get', '/dbs/%00'],
    ['get', '/dbs/vdoeAA%3D%3D'],
    ['get', `/dbs/${'x'.repeat(3_000)}`],
    ['delete', '/dbs/None'],
  ] as [Method, string][])('%s %s is 404', async (method, path) => {
    expect(await refused(send(street, method, path), 404, 'NotFound')).toContain('Resource Not Found');
  });

  test.each([
    ['put', '/dbs/There'],
    ['patch', '/dbs/There'],
    ['put', '/dbs'],
    ['delete', '/dbs'],
    ['post', '/'],
    ['get', '/dbs/There/colls'],
    ['post', '/dbs/There/colls'],
    ['get', '/dbs/There/users/x'],
    ['get', '/offers'],
    ['get', '/media/x'],
    ['get', '/dbs/%zz'],
    ['get', '/dbs/%E0%A4%A'],
    ['get', '/x%2Fy'],
  ] as [Method, string][])('%s %s is 404 with a message, signed or not', async (method, path) => {
    const bare = request(street.app)[method](`${MOUNT}${path}`);
    await refused(bare, 404, 'NotFound');
  });

  test('HEAD is as GET without its body, OPTIONS tells what there is', async () => {
    const head = await send(street, 'head', '/dbs/There');
    expect([head.status, head.text, head.get('etag')]).toEqual([200, undefined, expect.stringContaining('"')]);
    const options = await request(street.app).options(`${MOUNT}/dbs`);
    expect([options.status, options.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
  });
});

test('after all of that everything is as it was', async () => {
  const { body } = await send(street, 'get', '/dbs').expect(200);
  expect(body.Databases.map(({ id }: { id: string }) => id)).toEqual(['There']);
  await worked(street, send(street, 'delete', '/dbs/There')).then(({ status }) => expect(status).toBe(204));
});
