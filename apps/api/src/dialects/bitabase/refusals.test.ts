// What is refused: bad bodies and names, who is not known, what is not there. Each answer is the product's own to the byte, and nothing
// was written by it.
import request from 'supertest';
import { succeed } from '../../api.fixture';
import { API, as, asked, openStreet, type Person, rows, type Street, streetWith } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
  await asked(street, 'there');
});
afterAll(() => street?.close());

/** Sends what must be refused, and sees that nothing was written. The body is the product's JSON, over several lines. */
async function refused(sent: request.Test, status: number): Promise<unknown> {
  const before = await rows(street);
  const answer = await sent;
  expect([answer.status, answer.get('content-type')]).toEqual([status, 'application/json']);
  expect(answer.text).toBe(JSON.stringify(answer.body, null, 2));
  expect(await rows(street)).toEqual(before);
  return answer.body;
}

/** The text is sent as it stands. */
const post = (path: string, text: string, person: Person | null = 'dev') =>
  as(street, person).post(`${API}${path}`).type('text/plain').send(text);
const create = (body: unknown, person: Person | null = 'dev') => post('/databases', JSON.stringify(body), person);

const CHARACTERS = 'name must only contain letters, numbers and dashes';
const START = 'name must not start with a dash';
const END = 'name must not end with a dash';
const REQUIRED = 'name is a required field';

describe('a body', () => {
  const PLACES = ['/databases', '/sessions', '/users'];

  test.each(PLACES)('that is missing or no JSON is 422 on %s, whoever calls', async (path) => {
    for (const person of ['dev', null] as const) {
      const none = { errors: { body: 'no post body was provided' } };
      expect(await refused(as(street, person).post(`${API}${path}`), 422)).toEqual(none);
      const chunked = as(street, person).post(`${API}${path}`).set('Transfer-Encoding', 'chunked');
      expect(await refused(chunked, 422)).toEqual(none);
      for (const text of [
        '{',
        '[object Object]',
        ' ',
        '{"name":}',
        "{'name':'x'}",
        '['.repeat(50_000),
        '\0',
        'undefined',
      ])
        expect(await refused(post(path, text, person), 422)).toEqual({ errors: { body: 'invalid json was provided' } });
    }
  });

  test.each(PLACES)('that is too large, packed or in a code that is not read is refused on %s', async (path) => {
    const large = JSON.stringify({ name: 'x', email: 'x', password: 'x', more: 'x'.repeat(110_000) });
    const message = 'the post body is too large: it may have 100 kB';
    expect(await refused(post(path, large), 413)).toEqual({ errors: { body: message } });
    const packed = post(path, '{}').set('Content-Encoding', 'compress');
    expect(await refused(packed, 415)).toEqual({ errors: { body: expect.any(String) } });
    const lie = as(street).post(`${API}${path}`).set('Content-Encoding', 'gzip').send('{"name":"x"}');
    expect(await refused(lie, 422)).toEqual({ errors: { body: expect.any(String) } });
  });
});

describe('the name of a database', () => {
  test.each([
    ['', REQUIRED],
    [null, REQUIRED],
    [0, REQUIRED],
    [5, CHARACTERS],
    [true, CHARACTERS],
    [['a'], CHARACTERS],
    [{}, CHARACTERS],
    ['a_b', CHARACTERS],
    ['a b', CHARACTERS],
    ['ä', CHARACTERS],
    ['a\0', CHARACTERS],
    ['\ud800', CHARACTERS],
    ["'; DROP TABLE databases; --", END],
    ['-a', START],
    ['-a b', START],
    ['a-', END],
    ['-a b-', END],
    ['-', END],
    ['x'.repeat(256), 'name must not be longer than 255 characters'],
    ['there', 'name has already been taken'],
  ])('%j is refused: of the rules that it breaks the last one is told', async (name, message) => {
    expect(await refused(create({ name }), 422)).toEqual({ errors: { name: message } });
  });

  test.each([{}, [], 'x', '', 5, null, true, { Name: 'x' }, ['name']])('%j has none', async (body) => {
    expect(await refused(create(body), 422)).toEqual({ errors: { name: REQUIRED } });
  });

  test('is not looked for where names of all objects are kept', async () => {
    expect(await refused(post('/databases', '{"__proto__":{"name":"made"}}'), 422)).toEqual({
      errors: { name: REQUIRED },
    });
  });

  test.each(['a', '9', '123', 'A-1', 'x'.repeat(255), 'There', 'postgres', 'template1', 'constructor'])(
    '%s is taken: upper and lower case are two, and the server may call it otherwise',
    async (name) => {
      const made = await asked(street, name);
      expect(made.name).toBe(name);
      const { body } = await as(street).get(`${API}/databases`);
      expect(body).toContainEqual(expect.objectContaining({ id: made.id, name }));
    },
  );

  test("is the team's own: another team has the same, and neither learns of the other's", async () => {
    const theirs = await asked(street, 'there', 'stranger');
    const { body } = await as(street, 'stranger').get(`${API}/databases`);
    expect(body).toMatchObject([{ id: theirs.id, name: 'there' }]);
    expect(await refused(create({ name: 'there' }, 'stranger'), 422)).toEqual({
      errors: { name: 'name has already been taken' },
    });
  });
});

describe('who is not known', () => {
  const NOBODY = {
    'POST /databases': { errors: ['invalid session provided'] },
    'GET /databases': { errors: { id: 'invalid session provided' } },
    'GET /databases/there/collections': { errors: ['invalid session provided'] },
    'GET /sessions/current': { error: 'unauthorised' },
  };

  /** Each with what it answers. */
  async function expectUnknown(headers: Record<string, string>): Promise<void> {
    for (const [route, body] of Object.entries(NOBODY)) {
      const [method = '', path = ''] = route.split(' ');
      const sent =
        method === 'GET'
          ? request(street.app).get(`${API}${path}`)
          : request(street.app).post(`${API}${path}`).send({ name: 'fresh' });
      expect([route, await refused(sent.set(headers), 401)]).toEqual([route, body]);
    }
  }

  test('is told so in the form of each route', () => expectUnknown({}));

  test('one header alone, two of two sessions, and what only looks like them are nobody', async () => {
    const { dev, stranger } = street.sessions;
    const [id, secret] = [dev['X-Session-Id'], dev['X-Session-Secret']];
    for (const [anId, aSecret] of [
      [id, ''],
      ['', secret],
      [id, stranger['X-Session-Secret']],
      [stranger['X-Session-Id'], secret],
      [id, secret.toUpperCase()],
      [id, secret.slice(1)],
      [id, `${secret}0`],
      [id, '0'.repeat(64)],
      [`${id}0`, secret],
      ['xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx', secret],
      ["' OR true --", secret],
      ['x'.repeat(4_000), 'x'.repeat(4_000)],
    ])
      await expectUnknown({ 'X-Session-Id': anId ?? '', 'X-Session-Secret': aSecret ?? '' });
    await expectUnknown({
      Authorization: `Bearer ${secret}`,
      Cookie: `X-Session-Id=${id}; X-Session-Secret=${secret}`,
    });
  });

  test('hears of a wrong name first', async () => {
    expect(await refused(create({ name: 'a_b' }, null), 422)).toEqual({ errors: { name: CHARACTERS } });
    expect(await refused(create({ name: 'there' }, null), 401)).toEqual({ errors: ['invalid session provided'] });
  });
});

describe('who may not', () => {
  const lacking = (scope: string) =>
    `the login of this session lacks the scope ${scope}: ask the operators of this Berth for it`;

  test('reads or writes without the scope is told which, in the form of the route', async () => {
    expect(await refused(create({ name: 'fresh' }, 'reader'), 401)).toEqual({ errors: [lacking('admin')] });
    const list = as(street, 'writer').get(`${API}/databases`);
    expect(await refused(list, 401)).toEqual({ errors: { id: lacking('public') } });
    const collections = as(street, 'writer').get(`${API}/databases/there/collections`);
    expect(await refused(collections, 401)).toEqual({ errors: [lacking('public')] });
    for (const person of ['reader', 'writer'] as const)
      await as(street, person).get(`${API}/sessions/current`).expect(200);
  });

  test('create for lack of defaults is told what to ask for', async () => {
    const { errors } = Object(await refused(create({ name: 'fresh' }, 'bare'), 422));
    expect(errors).toEqual({
      name: expect.stringMatching(/^engine, plan, environment cannot be decided: ask the operators/),
    });
  });

  test('beyond a quota is told so, and nothing of who else has what', async () => {
    const count = `(SELECT count(*) FROM databases WHERE team_id = teams.id)`;
    await street.sql.query(`UPDATE teams SET database_quota = ${count} WHERE id = $1`, [street.api.otherTeam.id]);
    const { errors } = Object(await refused(create({ name: 'fresh' }, 'stranger'), 422));
    expect(errors.name).toMatch(/^you have as many databases as you may have/);
    await street.sql.query('UPDATE teams SET database_quota = NULL');
  });

  test('finds no room is 503 for now, and hears no name of a server', async () => {
    await street.sql.query("UPDATE servers SET state = 'draining'");
    const body = await refused(create({ name: 'fresh' }), 503);
    expect(body).toEqual({ errors: { name: expect.stringContaining('no room') } });
    expect(JSON.stringify(body)).not.toContain('first');
    await street.sql.query("UPDATE servers SET state = 'active'");
  });
});

describe('what is not there', () => {
  test.each([
    ['get', '/'],
    ['get', ''],
    ['get', '/databases/'],
    ['post', '/databases/'],
    ['get', '/Databases'],
    ['get', '/databases/there'],
    ['delete', '/databases/there'],
    ['put', '/databases'],
    ['patch', '/databases'],
    ['delete', '/databases'],
    ['get', '/users'],
    ['get', '/sessions'],
    ['post', '/sessions/current'],
    ['get', '/sessions/current/'],
    ['post', '/databases/there/collections'],
    ['get', '/databases/there/collections/'],
    ['get', '/databases/%/collections'],
    ['get', '/databases/%ff/collections'],
    ['post', '/usage-batch'],
  ] as const)('%s %s is 404, nine bytes without a type', async (method, path) => {
    const before = await rows(street);
    const answer = await as(street)[method](`${API}${path}`);
    expect([answer.status, answer.get('content-type'), answer.get('allow')]).toEqual([404, undefined, undefined]);
    expect([answer.get('content-length'), String(answer.text ?? answer.body)]).toEqual(['9', 'Not Found']);
    expect(await rows(street)).toEqual(before);
  });

  test.each(['/databases', '/sessions/current', '/nowhere'])('HEAD %s is 404 without a body', async (path) => {
    const answer = await as(street).head(`${API}${path}`);
    expect([answer.status, answer.get('content-type')]).toEqual([404, undefined]);
  });

  test.each(['nowhere', 'THERE', '%00', 'a%2Fb', 'x'.repeat(5_000)])('collections of %s are 404', async (name) => {
    const sent = as(street).get(`${API}/databases/${name}/collections`);
    expect(await refused(sent, 404)).toEqual({ error: 'database not found' });
  });

  test("collections of another team's database neither, and one's own has none", async () => {
    await asked(street, 'mine-alone');
    const path = `${API}/databases/mine-alone/collections`;
    expect(await refused(as(street, 'stranger').get(path), 404)).toEqual({ error: 'database not found' });
    const own = await as(street).get(path);
    expect([own.status, own.text]).toEqual([200, '[]']);
  });

  test('what is in quarantine or on its way out is in no list, and its name is taken', async () => {
    const { id } = await asked(street, 'leaving');
    const { rows: made } = await street.sql.query(
      "SELECT id FROM actions WHERE state = 'queued' ORDER BY number DESC LIMIT 1",
    );
    await succeed(street.api, made[0].id);
    await street.sql.query(
      "UPDATE databases SET state = 'quarantined', quarantined_at = now(), purge_after = now() WHERE name = 'leaving'",
    );
    const { body } = await as(street).get(`${API}/databases`);
    expect(body.map((each: { id: string }) => each.id)).not.toContain(id);
    expect(await refused(create({ name: 'leaving' }), 422)).toEqual({
      errors: { name: 'name has already been taken' },
    });
  });
});

test('on a host of its own it answers at /v1, and everything else there is its own 404', async () => {
  const host = 'api.bitabase.example';
  const own = streetWith(street, { dialectHosts: new Map([[host, 'bitabase']]) });
  const get = (path: string) => as(own).get(path).set('Host', host);
  expect((await get('/v1/sessions/current')).status).toBe(200);
  for (const path of ['/', '/v1/', '/v1/accesses', '/v1/databases/', '/bitabase/v1/databases', '/globo/api/']) {
    const answer = await get(path);
    expect([path, answer.status, String(answer.text ?? answer.body)]).toEqual([path, 404, 'Not Found']);
  }
});

test('every refused write is in the audit under its route, those of strangers too', async () => {
  const { rows: told } = await street.sql.query(
    `SELECT DISTINCT deed, error_code AS code, person FROM audit WHERE outcome = 'refused' AND deed LIKE '%/databases'`,
  );
  const deed = 'POST /bitabase/v1/databases';
  expect(told).toEqual(
    expect.arrayContaining([
      { deed, code: 'invalid_request', person: null },
      { deed, code: 'missing_scope', person: 'caller@example.org' },
      { deed, code: 'quota_exceeded', person: 'caller@example.org' },
    ]),
  );
});
