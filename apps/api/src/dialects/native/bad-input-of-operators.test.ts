// What operators and teams may get wrong beyond names: numbers, scopes, times, admin URLs, keys, and deeds at the wrong
// time. Each is refused by its field or by what stands against it; no row changes, and no Idempotency-Key is kept.
import { SCOPES, type Secret } from '@berth/core';
import { openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { bearer, furnish, type Things } from './routes.fixture';
import { problemShape } from './shapes.fixture';

let testStore: TestStore;
let api: TestApi;
let token: Secret;
let sql: Client;
let own: Things;

beforeAll(async () => {
  testStore = await openTestStore();
  sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: [...SCOPES] })).token;
  own = await furnish(api, api.team, 'own');
});
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await testStore?.close();
});

const TABLES = [
  ...['teams', 'projects', 'environments', 'plans', 'plan_environments', 'pools', 'servers', 'databases'],
  ...['credentials', 'grants', 'actions', 'steps', 'events', 'idempotency_keys'],
];

/** Every row that a request could write; of the audit what was done, of accesses all but their last use. */
async function everything(): Promise<unknown> {
  const texts = TABLES.map((table) => `(SELECT json_agg(t::text ORDER BY t::text) FROM ${table} t) AS ${table}`);
  const done = `(SELECT json_agg(a.id ORDER BY a.number) FROM audit a WHERE outcome = 'done') AS done`;
  const accesses = `(SELECT json_agg(to_jsonb(a) - 'last_used_at' ORDER BY a.id) FROM accesses a) AS accesses`;
  return (await sql.query(`SELECT ${[...texts, done, accesses].join(', ')}`)).rows[0];
}

let sent = 0;

/** With a key of its own, so that a refusal that kept it would be seen. */
function call(method: 'post' | 'patch' | 'delete', path: string, body?: object) {
  sent += 1;
  const headers = { ...bearer(token), 'Idempotency-Key': `sent ${sent}` };
  return request(api.app)[method](`/v1${path}`).set(headers).send(body);
}

interface Refusal {
  status?: number;
  code?: string;
  fields?: string[];
  actionId?: string;
}

/** Sends it; expects this problem, and that nothing changed. Returns the detail and what is said of each field. */
async function expectRefusal(of: request.Test, expected: Refusal): Promise<string> {
  const before = await everything();
  const answer = await of;
  const problem = problemShape.parse(answer.body);
  expect({
    status: answer.status,
    code: problem.code,
    fields: (problem.errors ?? []).map(({ field }) => field),
    ...(problem.action_id !== undefined && { actionId: problem.action_id }),
  }).toEqual({ status: 422, code: 'invalid_request', fields: [], ...expected });
  expect(await everything()).toEqual(before);
  return [problem.detail, ...(problem.errors ?? []).map(({ message }) => message)].join('\n');
}

const adminUrl = 'postgres://chief:a-secret-word@db.example.org';
const BODIES = {
  team: { name: 'fresh' },
  environment: { name: 'fresh' },
  plan: { name: 'fresh', engine: 'postgresql', size_bytes_max: 2 ** 30, connections_max: 5 },
  pool: { name: 'fresh', engine: 'postgresql', environment: 'development' },
  server: { name: 'fresh', engine: 'postgresql', pool: 'first-pool', admin_url: adminUrl },
  access: { name: 'fresh', person: 'p', scopes: ['public'] },
};
type Noun = keyof typeof BODIES;
const pathOf = (noun: Noun) => (noun === 'access' ? '/accesses' : `/${noun}s`);

/** Every number that such a body may hold, with its bounds, and whether it may be left to others. */
const NUMBERS: [Noun, string, { min: number; max: number; orNull: boolean }][] = [
  ['team', 'database_quota', { min: 0, max: 100_000, orNull: true }],
  ['environment', 'quarantine_days', { min: 0, max: 365, orNull: true }],
  ['plan', 'quarantine_days', { min: 0, max: 365, orNull: true }],
  ['plan', 'size_bytes_max', { min: 2 ** 20, max: 2 ** 50, orNull: false }],
  ['plan', 'connections_max', { min: 1, max: 100_000, orNull: false }],
  ['pool', 'headroom_percent', { min: 0, max: 90, orNull: false }],
  ['pool', 'connections_overcommit', { min: 1, max: 1_000, orNull: false }],
  ['server', 'size_bytes_max', { min: 2 ** 20, max: 2 ** 50, orNull: true }],
];

const wrongNumbers = (min: number, max: number) =>
  [-1, min - 1, max + 1, min + 0.5, 1e300, -1e300, String(min), true, [min], {}] as const;

test.each(NUMBERS)(
  'of a %s, a %s beyond its bounds is neither made nor changed',
  async (noun, field, { min, max, orNull }) => {
    const change = (value: unknown) => call('patch', `${pathOf(noun)}/${own[noun]}`, { [field]: value });
    for (const value of [...wrongNumbers(min, max), ...(orNull ? [] : [null])]) {
      const made = call('post', pathOf(noun), { ...BODIES[noun], [field]: value });
      for (const each of [made, change(value)]) {
        expect(await expectRefusal(each, { fields: [field] })).toContain(
          `must be a whole number from ${min} to ${max}`,
        );
      }
    }
    for (const value of [min, max, ...(orNull ? [null] : [])]) {
      const answer = await change(value);
      expect([answer.status, answer.body[field]]).toEqual([200, value]);
    }
  },
);

test('days to extend by and seconds of grace are whole numbers within their bounds', async () => {
  const { access, database } = await furnish(api, api.team, 'numbered');
  await api.context.store.databases.becomeQuarantined(database, 7);
  for (const days of [...wrongNumbers(1, 365), null, undefined]) {
    const extend = call('post', `/databases/${database}/extend`, { days });
    expect(await expectRefusal(extend, { fields: ['days'] })).toContain('must be a whole number from 1 to 365');
  }
  for (const grace_seconds of [...wrongNumbers(0, 86_400), null]) {
    const rotate = call('post', `/accesses/${access}/rotate`, { grace_seconds });
    expect(await expectRefusal(rotate, { fields: ['grace_seconds'] })).toContain('from 0 to 86400');
  }
});

test.each<[string, object, string]>([
  ['a scope that does not exist', { scopes: ['public', 'root'] }, 'scopes.1'],
  ['a scope in capitals', { scopes: ['Public'] }, 'scopes.0'],
  ['a scope that is no text', { scopes: [null] }, 'scopes.0'],
  ['scopes that are no list', { scopes: 'public' }, 'scopes'],
  ['no scope', { scopes: [] }, 'scopes'],
  ['one scope twice', { scopes: ['admin', 'public', 'admin'] }, 'scopes'],
  ['scopes of nothing', { scopes: null }, 'scopes'],
  ['an expiry in the past', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ['an expiry now', { expires_at: new Date().toISOString() }, 'expires_at'],
  ['an expiry in the past by its zone', { expires_at: new Date().toISOString().replace('Z', '+14:00') }, 'expires_at'],
  ['a time without its zone', { expires_at: '2090-01-01T00:00:00' }, 'expires_at'],
  ['a number of seconds', { expires_at: 4_000_000_000 }, 'expires_at'],
  ['a year that nobody counts', { expires_at: '0000-01-01T00:00:00Z' }, 'expires_at'],
])('an access is neither made nor changed with %s', async (_, wrong, field) => {
  await expectRefusal(call('post', '/accesses', { ...BODIES.access, ...wrong }), { fields: [field] });
  await expectRefusal(call('patch', `/accesses/${own.access}`, wrong), { fields: [field] });
});

test.each([
  ['', 'nothing'],
  ['db.example.org', 'no URL'],
  ['postgres://', 'nothing but a protocol'],
  ['postgres://chief:a-secret-word@[bad:1', 'a host that does not parse'],
  ['postgres://chief:a-secret-word@host:99999', 'a port that is none'],
  ['postgres://chief:a-secret-word@host:0', 'port 0'],
  ['postgres://chief:a-secret-word@', 'no host'],
  ['postgres://chief@host', 'no password'],
  ['postgres://chief:@host', 'an empty password'],
  ['postgres://:a-secret-word@host', 'no user'],
  ['postgres://chief:a-secret-word%zz@host', 'an escape that is none'],
  ['postgres://chief:a-secret-word%00@host', 'a NUL in the password'],
  ['postgres://chi%0Aef:a-secret-word@host', 'a line break in the name'],
  ['mysql://chief:a-secret-word@host', "another engine's protocol"],
  ['https://chief:a-secret-word@host', 'no database protocol'],
  ['postgres://chief:a-secret-word@host?sslmode=prefer', 'a mode that promises nothing'],
  ['postgres://chief:a-secret-word@host?sslmode=', 'an empty mode'],
  ['postgres://chief:a-secret-word@host?sslmode=require&sslmode=disable', 'two modes'],
  ['postgres://chief:a-secret-word@host?sslrootcert=/etc/ca.pem', 'a setting that Berth would not heed'],
  ['postgres://chief:a-secret-word@host?options=-c%20role%3Droot&sslmode=require', 'one more of those'],
  ['postgres://chief:a-secret-word@host#here', 'a fragment'],
])('the admin URL %j is refused, new and changed: %s', async (admin_url) => {
  const made = call('post', '/servers', { ...BODIES.server, admin_url });
  for (const each of [made, call('patch', `/servers/${own.server}`, { admin_url })]) {
    const said = await expectRefusal(each, { fields: ['admin_url'] });
    expect(said).toContain('postgres://user:password@host:5432');
    expect(said).not.toContain('a-secret-word');
  }
});

test('a database whose own name is none in Berth is adopted with one that is, and the refusal says so', async () => {
  const adopt = call('post', `/servers/${own.server}/adopt`, { engine_name: 'Odd Name' });
  expect(await expectRefusal(adopt, { fields: ['name'] })).toContain(
    '"Odd Name" is no name in Berth; send "name" as well (a-z, 0-9, _ and -)',
  );
});

test('a deed at the wrong time names what stands against it', async () => {
  const { database } = await furnish(api, api.team, 'timed');
  const standing = { status: 409, code: 'contradicts' };
  const at = `/databases/${database}`;
  const restore = () => call('post', `${at}/restore`);
  expect(await expectRefusal(restore(), standing)).toContain('is available, not quarantined');
  expect(await expectRefusal(call('post', `${at}/extend`, { days: 1 }), standing)).toContain('not quarantined');
  await call('patch', at, { protected: true });
  for (const query of ['', '?purge=true']) {
    const said = await expectRefusal(call('delete', `${at}${query}`), { status: 409, code: 'protected' });
    expect(said).toContain('Lift its protection first');
  }
  await api.context.store.databases.becomeQuarantined(database, 7);
  await expectRefusal(call('delete', `${at}?purge=true`), { status: 409, code: 'protected' });
  await expectRefusal(call('post', `${at}/extend`, { days: 359 }), { fields: ['days'] });
  await call('patch', at, { protected: false });
  const { id: actionId } = (await call('delete', `${at}?purge=true`)).body.action;
  await expectRefusal(restore(), { ...standing, actionId });
  await expectRefusal(call('post', `${at}/extend`, { days: 1 }), { ...standing, actionId });
  await expectRefusal(call('delete', at), { ...standing, actionId });
  await succeed(api, actionId);
  await expectRefusal(restore(), { status: 404, code: 'not_found' });
});

test('a key that was sent with another body is refused by its header, whatever is written', async () => {
  const keyed = (method: 'post' | 'patch', path: string, body: object) =>
    call(method, path, body).set('Idempotency-Key', 'one key');
  expect((await keyed('post', '/databases', { name: 'keyed' })).status).toBe(202);
  const reused = { code: 'key_reused', fields: ['Idempotency-Key'] };
  await expectRefusal(keyed('post', '/databases', { name: 'keyed-too' }), reused);
  await expectRefusal(keyed('post', '/teams', { name: 'keyed' }), reused);
  await expectRefusal(keyed('patch', `/teams/${own.team}`, { name: 'keyed' }), reused);
  await expectRefusal(keyed('patch', `/databases/${own.database}`, { protected: true }), reused);
  await expectRefusal(keyed('patch', `/databases/${own.database}`, { plan: 'small' }), reused);
});
