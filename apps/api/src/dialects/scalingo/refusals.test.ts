// What is refused: who may not, what is not there, and every bad input. Each answer is the product's own JSON, and nothing was changed
// by it.
import { Client } from 'pg';
import request from 'supertest';
import { API, addonOf, as, exchange, HOST, made, makeSigner, openStreet, type Street, settled } from './street.fixture';

let street: Street;
let sql: Client;
/** Of the database `there-db`. */
let addon: { id: string; path: string };
let databaseId: string;
let projectId: string;

beforeAll(async () => {
  street = await openStreet();
  sql = new Client({ connectionString: street.storeUrl });
  await sql.connect();
  ({ id: databaseId, project_id: projectId } = await made(street, 'there-db'));
  addon = await addonOf(street, 'there-db');
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

/** Sends what must be refused, and sees that nothing was written, and none of our ids told. */
async function refused(sent: request.Test, status: number): Promise<unknown> {
  const before = await rows();
  const answer = await sent;
  expect([answer.status, answer.get('content-type')]).toEqual([status, 'application/json; charset=utf-8']);
  expect(await rows()).toEqual(before);
  expect(answer.text).not.toMatch(/\b[a-z]{2,5}_[0-7][0-9a-hjkmnp-tv-z]{25}\b/);
  return answer.body;
}

type Method = 'get' | 'post' | 'patch' | 'delete';

/** Every route that asks who calls, about what is there. */
function everyRoute(): [Method, string][] {
  const [database, app, project] = ['/v1/databases/there-db', '/v1/apps/there-db', `/v1/projects/${projectId}`];
  const deployed = addon.path.replace(API, '');
  return [
    ['get', '/v1/users/self'],
    ['get', '/v1/regions'],
    ['get', '/v1/databases'],
    ['post', '/v1/databases'],
    ['get', database],
    ['delete', database],
    ['get', '/v1/projects'],
    ['post', '/v1/projects'],
    ['get', project],
    ['patch', project],
    ['delete', project],
    ['get', app],
    ['delete', `${app}?current_name=there-db`],
    ['get', `${app}/operations/x`],
    ['get', `${app}/addons`],
    ['get', `${app}/addons/${addon.id}`],
    ['post', `${app}/addons/${addon.id}/token`],
    ['get', deployed],
    ['get', `${deployed}/users`],
    ['post', `${deployed}/users`],
    ['delete', `${deployed}/users/there-db`],
    ['post', `${deployed}/users/there-db/reset_password`],
    ['patch', `${deployed}/users/there-db/reset_password`],
  ];
}

const UNAUTHORIZED = { error: 'unauthorized' };
const bare = (method: Method, path: string) => request(street.app)[method](`${API}${path}`).set('Host', HOST);

describe('who may', () => {
  test('nobody without a token: 401 in JSON at every route', async () => {
    for (const [method, path] of everyRoute()) {
      expect([method, path, await refused(bare(method, path), 401)]).toEqual([method, path, UNAUTHORIZED]);
    }
    expect((await bare('get', '/v1/databases')).get('www-authenticate')).toBe('Bearer');
  });

  test.each([
    ['no token at all', 'Bearer'],
    ['what is no token', 'Bearer x'],
    ['a token of three parts', 'Bearer a.b.c'],
    ['Basic', `Basic ${Buffer.from('a:b').toString('base64')}`],
  ])('nobody with %s', async (_what, authorization) => {
    for (const path of ['/v1/databases', addon.path.replace(API, '')]) {
      expect(await refused(bare('get', path).set('Authorization', authorization), 401)).toEqual(UNAUTHORIZED);
    }
  });

  test('a token that was not exchanged opens nothing but the exchange, and there only without a login', async () => {
    const { token } = street.signers.owner;
    expect(await refused(as(street, { bearer: token }).get(`${API}/v1/databases`), 401)).toEqual(UNAUTHORIZED);
    for (const wrong of [`${token}0`, token.slice(0, -1), 'x', '', `${token.slice(0, -64)}${'0'.repeat(64)}`])
      expect(await refused(exchange(street, wrong), 401)).toEqual(UNAUTHORIZED);
    const named = bare('post', '/v1/tokens/exchange').auth('owner', token).send({});
    expect(await refused(named, 401)).toEqual(UNAUTHORIZED);
    expect(await refused(bare('post', '/v1/tokens/exchange').send({}), 401)).toEqual(UNAUTHORIZED);
    const unread = await exchange(street, token).set('Content-Type', 'text/plain').send('null');
    expect([unread.status, Object.keys(unread.body)]).toEqual([200, ['token']]);
    const expiresAt = JSON.parse(Buffer.from(unread.body.token.split('.')[1], 'base64url').toString()).exp;
    expect(expiresAt - Date.now() / 1_000).toBeGreaterThan(3_500);
  });

  test('a token ends with its access: revoked, rotated or expired, what was exchanged before opens nothing', async () => {
    for (const change of ['revoked_at = now()', "expires_at = now() - interval '1 s'"]) {
      const signer = await makeSigner(street, ['public']);
      await as(street, signer).get(`${API}/v1/databases`).expect(200);
      await street.sql(`UPDATE accesses SET ${change} WHERE id = $1`, [signer.access.id]);
      expect(await refused(as(street, signer).get(`${API}/v1/databases`), 401)).toEqual(UNAUTHORIZED);
      expect(await refused(exchange(street, signer.token), 401)).toEqual(UNAUTHORIZED);
    }
  });

  test('who may only read writes nothing and sees no password: 403 with a code', async () => {
    const writes = everyRoute().filter(([method, path]) => method !== 'get' && !path.endsWith('/token'));
    for (const [method, path] of writes) {
      const body = await refused(as(street, 'reader')[method](`${API}${path}`).send({}), 403);
      expect([path, body]).toEqual([path, { error: expect.any(String), code: 'missing_scope' }]);
    }
    for (const [method, path] of everyRoute().filter(([each]) => each === 'get')) {
      const { status } = await as(street, 'reader')[method](`${API}${path}`);
      expect([path, status]).toEqual([path, path.endsWith('/operations/x') ? 404 : 200]);
    }
    const noPasswords = await makeSigner(street, ['public', 'admin']);
    for (const path of ['/users', '/users/there-db/reset_password']) {
      const sent = as(street, noPasswords).post(`${addon.path}${path}`).send({ name: 'more_1' });
      expect(await refused(sent, 403)).toMatchObject({ code: 'missing_scope' });
    }
  });

  test.each(['stranger', 'limited'] as const)(
    'what a %s does not reach is not there, whatever is done to it',
    async (who) => {
      const told = everyRoute().filter(
        ([, path]) => path.includes('there-db') || path.includes('ad-') || path.includes('pr-'),
      );
      for (const [method, path] of told) {
        const sent = as(street, who)[method](`${API}${path}`);
        const body = await refused(method === 'get' ? sent : sent.send({ name: 'x' }), 404);
        expect([path, Object.values(Object(body)).some((text) => /not found/.test(String(text)))]).toEqual([
          path,
          true,
        ]);
      }
      await as(street, who).get(`${API}/v1/databases/${databaseId}`).expect(404);
      expect((await as(street, who).get(`${API}/v1/databases`).expect(200)).body).toEqual({ databases: [] });
      const named = { name: 'not-mine', technology: 'postgresql', plan: 'small', project_id: projectId };
      const sent = as(street, who).post(`${API}/v1/databases`).send({ database: named });
      expect(await refused(sent, 422)).toEqual({ errors: { project_id: ['is no project'] } });
    },
  );

  test("another team's database of the same name is no hindrance, and neither sees the other's", async () => {
    const theirs = await made(street, 'there-db', 'stranger');
    expect(theirs.id).not.toBe(databaseId);
    expect((await as(street).get(`${API}/v1/databases/there-db`)).body.database.id).toBe(databaseId);
    const its = await addonOf(street, 'there-db', 'stranger');
    expect(await refused(as(street).get(its.path), 404)).toEqual({ resource: 'database', error: 'not found' });
    const mixed = as(street).post(`${API}/v1/apps/there-db/addons/${its.id}/token`);
    expect(await refused(mixed, 404)).toEqual({ resource: 'addon', error: 'not found' });
    await as(street, 'stranger').delete(`${API}/v1/databases/${theirs.id}`).expect(204);
    await settled(street);
  });

  test('who is limited changes no projects', async () => {
    const { body } = await as(street, 'limited').get(`${API}/v1/projects`).expect(200);
    const path = `${API}/v1/projects/${body.projects[0].id}`;
    expect(body.projects).toMatchObject([{ name: 'second', default: true }]);
    for (const sent of [
      as(street, 'limited')
        .post(`${API}/v1/projects`)
        .send({ project: { name: 'mine' } }),
      as(street, 'limited')
        .patch(path)
        .send({ project: { name: 'mine' } }),
      as(street, 'limited').delete(path),
    ])
      expect(await refused(sent, 403)).toMatchObject({ code: 'missing_scope' });
  });
});

describe('what is not there', () => {
  test.each([
    ['get', '/v1/databases/x', { error: 'Database not found' }],
    ['get', '/v1/databases/54100930736f7563d5030000', { error: 'Database not found' }],
    ['get', '/v1/databases/000000000000000000000000', { error: 'Database not found' }],
    ['get', '/v1/databases/00000000000000007fffffff', { error: 'Database not found' }],
    ['get', '/v1/databases/%00', { error: 'Database not found' }],
    ['get', `/v1/databases/${'x'.repeat(5_000)}`, { error: 'Database not found' }],
    ['delete', '/v1/databases/%F0%9F%98%80', { error: 'Database not found' }],
    ['get', '/v1/apps/x', { resource: 'app', error: 'not found' }],
    ['get', '/v1/apps/x/addons', { resource: 'app', error: 'not found' }],
    ['delete', '/v1/apps/x?current_name=x', { resource: 'app', error: 'not found' }],
    ['get', '/v1/apps/there-db/addons/x', { resource: 'addon', error: 'not found' }],
    ['get', '/v1/apps/there-db/operations/x', { resource: 'operation', error: 'not found' }],
    ['get', '/v1/projects/x', { resource: 'project', error: 'not found' }],
    ['get', '/v1/projects/pr-x', { resource: 'project', error: 'not found' }],
    ['get', '/v1/addon_providers/redis/plans', { resource: 'addon_provider', error: 'not found' }],
    ['get', '/api/databases/x', { resource: 'database', error: 'not found' }],
    ['get', '/api/databases/ad-%00', { resource: 'database', error: 'not found' }],
    ['get', '/api/databases/ad-ffffffff-ffff-ffff-ffff-ffffffffffff', { resource: 'database', error: 'not found' }],
    ['get', '/nothing', { error: expect.any(String) }],
    ['post', '/v1/apps', { error: expect.any(String) }],
    ['get', '/%zz', { error: expect.any(String) }],
  ] as const)('%s %s is 404', async (method, path, wanted) => {
    expect(await refused(as(street)[method](`${API}${path}`), 404)).toEqual(wanted);
  });

  test('a method that an address does not know is 405 with Allow, in JSON', async () => {
    for (const [method, path] of [
      ['delete', '/v1/databases'],
      ['patch', '/v1/databases/there-db'],
      ['get', '/v1/tokens/exchange'],
      ['post', '/v1/apps/there-db'],
    ] as const) {
      const sent = as(street)[method](`${API}${path}`);
      expect(await refused(sent, 405)).toEqual({ error: expect.any(String) });
      expect((await as(street)[method](`${API}${path}`)).get('allow')).toBeDefined();
    }
  });
});
