// What is refused: who may not, what is not there, and every bad input. Each answer is the product's own, and nothing was
// changed by it.
import { Client } from 'pg';
import request from 'supertest';
import { addEnvironment } from '../../api.fixture';
import { API, as, HOST, LOGINS, made, openStreet, pathOf, type Street, worked } from './street.fixture';

let street: Street;
let sql: Client;
let database: string;
let credential: string;

beforeAll(async () => {
  street = await openStreet();
  sql = new Client({ connectionString: street.storeUrl });
  await sql.connect();
  const body = await made(street, 'there');
  database = pathOf(body._links.self);
  credential = pathOf(body.credentials[0]);
});
afterAll(async () => {
  await sql?.end();
  await street?.close();
});

async function rows(): Promise<number[]> {
  const tables = ['databases', 'actions', 'events', 'credentials', 'grants', 'projects'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  const { rows: found } = await sql.query(`SELECT ${counts.join(', ')}`);
  return Object.values(found[0]);
}

/** Sends what must be refused, and sees that nothing was written. Returns the body without its links. */
async function refused(sent: request.Test, status: number): Promise<Record<string, unknown>> {
  const before = await rows();
  const answer = await sent;
  expect([answer.status, answer.get('content-type')]).toEqual([status, 'application/json']);
  expect(await rows()).toEqual(before);
  const { _links, ...rest } = answer.body;
  expect(Object.keys(answer.body)[0]).toBe('_links');
  expect(_links.self).toMatch(new RegExp(`^http://${HOST}/globo/api`));
  return rest;
}

const bare = (method: 'get' | 'post' | 'delete' | 'put' | 'patch', url: string) =>
  request(street.app)[method](url).set('Host', HOST);
const PLACES = ['/', '/database/', '/credential/', '/plan/', '/environment/', '/project/', '/engine_type/', '/task/'];
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('who may', () => {
  test.each([
    ['no header', undefined, 'Authentication credentials were not provided.'],
    ['a bearer token', 'Bearer berth_x', 'Authentication credentials were not provided.'],
    ['Basic alone', 'Basic', 'Invalid basic header. No credentials provided.'],
    ['spaces', 'Basic a b', 'Invalid basic header. Credentials string should not contain spaces.'],
    ['no base64', 'Basic ???', 'Invalid basic header. Credentials not correctly base64 encoded'],
    ['a wrong password', `Basic ${base64('admin:1234567')}`, 'Invalid username/password'],
    ['an unknown login', `Basic ${base64('nobody:123456')}`, 'Invalid username/password'],
    ['no password', `Basic ${base64('admin:')}`, 'Invalid username/password'],
  ])('%s is 401 everywhere, in the words of the product', async (_what, authorization, detail) => {
    const places = detail.startsWith('Invalid username') ? PLACES.slice(0, 2) : PLACES; // each costs a hash
    for (const place of places) {
      const sent = bare('get', `${API}${place}`);
      if (authorization !== undefined) sent.set('Authorization', authorization);
      expect([place, await refused(sent, 401)]).toEqual([place, { detail }]);
    }
    const sent = bare('get', `${API}/`);
    expect((await sent).get('www-authenticate')).toBe('Basic realm="api"');
  });

  test('who may only read writes nothing, and sees no password', async () => {
    const reader = as(street, 'reader');
    const detail = 'You do not have permission to perform this action.';
    for (const sent of [
      reader.post(`${API}/database/`).send({}),
      reader.patch(database).send({}),
      reader.put(database).send({}),
      reader.delete(database),
      reader.post(`${API}/credential/`).send({}),
      reader.get(credential),
      reader.delete(credential),
      reader.post(`${credential}reset_password/`),
      reader.post(`${API}/project/`).send({ name: 'x' }),
    ]) {
      expect(await refused(sent, 403)).toEqual({ detail });
    }
    await reader.get(database).expect(200);
    const { rows: told } = await sql.query(`SELECT deed, error_code AS code FROM audit WHERE outcome = 'refused'
      AND access_id = (SELECT id FROM accesses WHERE login = 'reader') ORDER BY number`);
    expect(told).toHaveLength(9);
    expect(told).toContainEqual({ deed: 'GET /globo/api/credential/:id/', code: 'missing_scope' });
  });

  test("another team's things are not there, whatever is done to them", async () => {
    const stranger = as(street, 'stranger');
    for (const sent of [
      stranger.get(database),
      stranger.put(database).send({}),
      stranger.patch(database).send({ quarantine_dt: null }),
      stranger.delete(database),
      stranger.get(credential),
      stranger.delete(credential),
      stranger.post(`${credential}reset_password/`),
      stranger.get(`${API}/task/1/`),
    ]) {
      expect(await refused(sent, 404)).toEqual({ detail: 'Not found' });
    }
    const asked = stranger.post(`${API}/credential/`).send({ user: 'u_x', database });
    expect(await refused(asked, 400)).toEqual({ database: ['Invalid hyperlink - object does not exist.'] });
    for (const [list, key] of [
      ['database', 'database'],
      ['credential', 'credential'],
      ['task', 'taskhistory'],
      ['project', 'project'],
    ]) {
      const { body } = await stranger.get(`${API}/${list}/`).expect(200);
      expect([list, body._links.count, body[key ?? '']]).toEqual([list, 0, []]);
    }
    expect((await stranger.get(`${API}/task/?task_id=${await anyTaskId()}`)).body._links.count).toBe(0);
  });

  async function anyTaskId(): Promise<string> {
    const { body } = await as(street).get(`${API}/task/`);
    return body.taskhistory[0].task_id;
  }

  test("another team's database of the same name is no hindrance, and its login gets another name", async () => {
    const theirs = await made(street, 'there', 'stranger');
    const { body } = await as(street, 'stranger').get(pathOf(theirs.credentials[0]));
    expect(body.user).toMatch(/^u_there[a-z0-9]{4}$/);
    expect((await as(street).get(credential)).body.user).toBe('u_there');
  });

  test('outside the limits of an access nothing is there', async () => {
    const { store, team } = street;
    const other = await addEnvironment(street, 'elsewhere');
    const access = (await store.accesses.findBasic(LOGINS.reader[0]))?.id ?? '';
    await store.accesses.update(access, { limit_environment_id: other });
    const reader = as(street, 'reader');
    expect(await refused(reader.get(database), 404)).toEqual({ detail: 'Not found' });
    expect((await reader.get(`${API}/database/`)).body._links.count).toBe(0);
    expect((await reader.get(`${API}/environment/`)).body.environment).toMatchObject([{ name: 'elsewhere' }]);
    const second = await store.catalog.findProject(team.id, 'second');
    const limit_project_id = second?.id ?? null;
    await store.accesses.update(access, { limit_environment_id: null, limit_project_id, scopes: ['public', 'admin'] });
    const project = reader.post(`${API}/project/`).send({ name: 'outside' });
    expect(Object.keys(await refused(project, 403))).toEqual(['detail']);
    expect(await refused(reader.delete(`${API}/project/${street.project.number}/`), 404)).toEqual({
      detail: 'Not found',
    });
    expect(await refused(reader.get(database), 404)).toEqual({ detail: 'Not found' });
    expect((await reader.get(`${API}/project/`)).body.project).toEqual([]);
    await store.accesses.update(access, { limit_project_id: null, scopes: ['public'] });
  });
});

test('an access that is limited to an environment changes no project: others have their databases in it', async () => {
  const access = (await street.store.accesses.findBasic(LOGINS.ordinary[0]))?.id ?? '';
  await street.store.accesses.update(access, { limit_environment_id: street.environmentId });
  const limited = as(street);
  const { body } = await limited.get(`${API}/project/`).expect(200);
  const project = pathOf(body.project[0]._links.self);
  for (const sent of [
    limited.post(`${API}/project/`).send({ name: 'mine' }),
    limited.put(project).send({ name: 'mine' }),
    limited.patch(project).send({ name: 'mine' }),
    limited.delete(project),
  ]) {
    expect(await refused(sent, 403)).toEqual({ detail: 'You do not have permission to perform this action.' });
  }
  expect((await limited.get(project)).body.name).toBe(body.project[0].name);
  await street.store.accesses.update(access, { limit_environment_id: null });
});

describe('what is not there', () => {
  test.each([
    ['get', '/nothing/'],
    ['get', '/database/0/'],
    ['get', '/database/999999/'],
    ['get', '/database/99999999999999999999/'],
    ['get', '/database/x/'],
    ['get', '/database/1e0/'],
    ['delete', '/database/999999/'],
    ['get', '/credential/999999/'],
    ['post', '/credential/999999/reset_password/'],
    ['get', '/plan/999999/'],
    ['get', '/environment/999999/'],
    ['get', '/project/999999/'],
    ['get', '/engine_type/4/'],
    ['get', '/task/999999/'],
    ['get', '/database/?page=2'],
    ['get', '/database/?page=0'],
    ['get', '/database/?page=x'],
    ['get', '/database/?page=1&page=1'],
    ['get', '/plan/?page=7'],
    ['get', '/%zz'],
  ] as const)('%s %s is 404', async (method, path) => {
    expect(await refused(as(street)[method](`${API}${path}`), 404)).toEqual({ detail: 'Not found' });
  });

  test('a method that an address does not know is 405, with Allow', async () => {
    for (const [method, path] of [
      ['post', database],
      ['put', `${API}/database/`],
      ['delete', `${API}/plan/`],
      ['get', `${credential}reset_password/`],
    ] as const) {
      const sent = as(street)[method](path);
      expect(await refused(sent, 405)).toEqual({ detail: `Method '${method.toUpperCase()}' not allowed.` });
      expect((await as(street)[method](path)).get('allow')).toBeDefined();
    }
  });
});

describe('bad input', () => {
  const REQUIRED = ['This field is required.'];
  const post = (body: unknown, at = '/database/') => as(street).post(`${API}${at}`).send(Object(body));
  const whole = (over: object) => ({ name: 'new', plan: street.plan, environment: street.environment, ...over });

  test.each([
    ['nothing', {}, { name: REQUIRED, plan: REQUIRED, environment: REQUIRED }],
    ['nulls', { name: null, plan: null, environment: null }, { name: REQUIRED, plan: REQUIRED, environment: REQUIRED }],
    ['a list', [1], { non_field_errors: ['Invalid data'] }],
  ])('of a create with %s', async (_what, body, wanted) => {
    expect(await refused(as(street).post(`${API}/database/`).send(body), 400)).toEqual(wanted);
  });

  test.each([
    [{ name: '' }, REQUIRED],
    [{ name: { a: 1 } }, ['Not a valid string.']],
    [{ name: true }, ['Not a valid string.']],
    [{ name: '---' }, ['Enter a name with a letter or a digit in it.']],
    [{ name: 'x'.repeat(101) }, ['Ensure this value has at most 100 characters (it has 101).']],
    [{ name: 'Postgres' }, ['postgres is a reserved database name']],
    [{ name: 'there' }, ['Database there already exists in this environment, perhaps in quarantine.']],
    [{ name: 'THERE!' }, ['Database there already exists in this environment, perhaps in quarantine.']],
    [{ plan: 3 }, ['Incorrect type.  Expected url string, received int.']],
    [{ plan: 3.5 }, ['Incorrect type.  Expected url string, received float.']],
    [{ plan: {} }, ['Incorrect type.  Expected url string, received dict.']],
    [{ plan: [] }, ['Incorrect type.  Expected url string, received list.']],
    [{ plan: false }, ['Incorrect type.  Expected url string, received bool.']],
    [{ plan: 'small' }, ['Invalid hyperlink - No URL match']],
    [{ plan: '/api/nothing/1/' }, ['Invalid hyperlink - No URL match']],
    [{ plan: '/api/environment/1/' }, ['Invalid hyperlink - Incorrect URL match']],
    [{ plan: '/api/plan/9999999999/' }, ['Invalid hyperlink - object does not exist.']],
    [{ plan: `http://${'x'.repeat(50_000)}/api/plan/` }, ['Invalid hyperlink - No URL match']],
    [{ environment: '/api/environment/77/' }, ['Invalid hyperlink - object does not exist.']],
    [{ project: '/api/project/77/' }, ['Invalid hyperlink - object does not exist.']],
    [{ project: 7 }, ['Incorrect type.  Expected url string, received int.']],
  ])('of a create with %j', async (over, wanted) => {
    const [field = ''] = Object.keys(over);
    expect(await refused(post(whole(over)), 400)).toEqual({ [field]: wanted });
  });

  test.each([
    [{ user: 'u_x' }, { database: REQUIRED }],
    [{ user: '', database: '/api/database/1/' }, { user: REQUIRED }],
    [{ user: '__', database: '/api/database/1/' }, { user: ['Enter a name with a letter or a digit in it.'] }],
    [{ user: 'postgres', database: '/api/database/1/' }, { user: [expect.stringContaining('reserved')] }],
    [{ user: 'u_there', database: '/api/database/1/' }, { __all__: [expect.stringContaining('already exists.')] }],
    [{ user: 'u_x', database: '/api/database/999/' }, { database: ['Invalid hyperlink - object does not exist.'] }],
  ])('of a credential with %j', async (body, wanted) => {
    expect(await refused(post(body, '/credential/'), 400)).toEqual(wanted);
  });

  test('bodies that cannot be read', async () => {
    const to = (type: string, text: string, at = `${API}/database/`) =>
      as(street).post(at).set('Content-Type', type).send(text);
    const detail = 'JSON parse error - No JSON object could be decoded';
    for (const text of ['{', '"text"', '[1,', '{"name":"a"'])
      expect(await refused(to('application/json', text), 400)).toEqual({ detail });
    const media = "Unsupported media type 'text/plain' in request.";
    expect(await refused(to('text/plain', 'name=a'), 415)).toEqual({ detail: media });
    expect(await refused(to('multipart/form-data', 'no boundary'), 400)).toEqual({ detail: 'Malformed request.' });
    const broken = to('multipart/form-data; boundary=x', '--x\r\nContent-Dis');
    expect(await refused(broken, 400)).toEqual({ detail: 'Malformed request.' });
    const large = to('application/json', JSON.stringify({ name: 'x'.repeat(200_000) }));
    expect(Object.keys(await refused(large, 413))).toEqual(['detail']);
    const bomb = to('application/x-www-form-urlencoded', 'a&'.repeat(2_000));
    expect(Object.keys(await refused(bomb, 413))).toEqual(['detail']);
  });

  test('a form and a multipart form are read as JSON is', async () => {
    const { environment, plan } = street;
    const form = as(street).post(`${API}/database/`).type('form').send({ name: 'by form', plan, environment });
    expect(await worked(street, form)).toMatchObject({ status: 201, body: { name: 'by_form' } });
    const multipart = as(street).post(`${API}/database/`).field({ name: 'By Parts', plan, environment });
    expect(await worked(street, multipart)).toMatchObject({ status: 201, body: { name: 'by_parts' } });
    const file = as(street).post(`${API}/database/`).attach('name', Buffer.from('x'), 'x').field({ plan, environment });
    expect(await refused(file, 400)).toEqual({ name: REQUIRED });
  });

  test('what it reads of a change is checked, and the rest is as it was', async () => {
    const before = (await as(street).get(database)).body;
    const wrong = as(street).patch(database).send({ project: '/api/project/77/' });
    expect(await refused(wrong, 400)).toEqual({ project: ['Invalid hyperlink - object does not exist.'] });
    const ignored = { name: 'other', plan: '/api/plan/77/', environment: 7, quarantine_dt: '2014-01-01', id: 9 };
    expect((await as(street).put(database).send(ignored).expect(200)).body).toEqual(before);
    expect((await as(street).patch(database).send({ quarantine_dt: null }).expect(200)).body).toEqual(before);
  });

  test('not a name that only its engine reserves: its server calls the database otherwise', async () => {
    const answer = await worked(street, post(whole({ name: 'pg-stats' })));
    const endpoint = expect.stringMatching(/@[^/]+\/db_pg_stats_.{5}\?/);
    expect(answer).toMatchObject({ status: 201, body: { name: 'pg_stats', endpoint } });
  });

  test('no room is 503, and says so', async () => {
    await street.sql("UPDATE servers SET state = 'offline'");
    const answer = await refused(post(whole({})), 503);
    expect(answer).toEqual({ detail: expect.stringContaining('server') });
    await street.sql("UPDATE servers SET state = 'active'");
  });

  test('a database that is protected is not deleted: 403', async () => {
    await street.sql('UPDATE databases SET protected = true');
    const detail = 'The database is protected from deleting. Lift its protection first.'; // none of our ids
    expect(await refused(as(street).delete(database), 403)).toEqual({ detail });
    await street.sql('UPDATE databases SET protected = false');
  });
});
