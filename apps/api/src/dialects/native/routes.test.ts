// Who may call what: every route of the native API, each with the scopes that open it, tried with all the others, without
// a token, and on what belongs to another team. A route that is not in the table fails the first test.
import { newId, SCOPES, type Scope, Secret } from '@berth/core';
import { makeToken } from '@berth/secrets';
import type { Team } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { nativeRoutes } from './routes';
import { problemShape } from './shapes.fixture';

type Method = 'get' | 'post' | 'delete';
type Noun = 'database' | 'credential' | 'action' | 'server';

interface Row {
  method: Method;
  path: string;
  /** Any of these opens it. */
  scopes: Scope[];
  /** What `:id` names; null for a list, or for what makes a new thing. */
  noun: Noun | null;
  body?: object;
  query?: string;
  /** The refusal of an action that has succeeded: whoever reads it was let in. */
  opens?: string;
}

const read: Scope[] = ['public', 'operator'];
const write: Scope[] = ['admin'];
const operate: Scope[] = ['operator'];
const steer: Scope[] = ['admin', 'operator'];
const server = { name: 'srv', engine: 'postgresql', pool: 'first-pool', admin_url: 'postgres://a:b@new.example.org' };

const TABLE: Row[] = [
  { method: 'get', path: '/databases', scopes: read, noun: null },
  { method: 'post', path: '/databases', scopes: write, noun: null, body: { name: 'fresh' } },
  { method: 'get', path: '/databases/:id', scopes: read, noun: 'database' },
  { method: 'delete', path: '/databases/:id', scopes: write, noun: 'database', query: '?purge=true' },
  { method: 'get', path: '/databases/:id/credentials', scopes: read, noun: 'database' },
  { method: 'post', path: '/databases/:id/credentials', scopes: write, noun: 'database' },
  { method: 'get', path: '/credentials/:id', scopes: read, noun: 'credential' },
  { method: 'delete', path: '/credentials/:id', scopes: write, noun: 'credential' },
  { method: 'post', path: '/credentials/:id/reset', scopes: write, noun: 'credential' },
  { method: 'get', path: '/actions', scopes: read, noun: null },
  { method: 'get', path: '/actions/:id', scopes: read, noun: 'action' },
  { method: 'post', path: '/actions/:id/cancel', scopes: steer, noun: 'action', opens: 'not_cancellable' },
  { method: 'post', path: '/actions/:id/retry', scopes: steer, noun: 'action', opens: 'contradicts' },
  { method: 'get', path: '/servers', scopes: operate, noun: null },
  { method: 'post', path: '/servers', scopes: operate, noun: null, body: server },
  { method: 'get', path: '/servers/:id', scopes: operate, noun: 'server' },
  { method: 'post', path: '/servers/:id/preflight', scopes: operate, noun: 'server' },
];
const ROWS = TABLE.map((row): [string, Row] => [`${row.method.toUpperCase()} ${row.path}`, row]);

let api: TestApi;
let closeStore: () => Promise<void>;
const tokens = new Map<string, Secret>();
/** Things of `team`, and of the other one. */
const own: Record<Noun, string> = { database: '', credential: '', action: '', server: '' };
const foreign: Record<Noun, string> = { database: '', credential: '', action: '', server: '' };

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  for (const scope of SCOPES) tokens.set(scope, (await makeAccess(api, { scopes: [scope] })).token);
  const others = SCOPES.filter((scope) => scope !== 'operator');
  tokens.set('all but operator', (await makeAccess(api, { scopes: others })).token);
  tokens.set('all', (await makeAccess(api, { scopes: [...SCOPES] })).token);
  Object.assign(own, await furnish(api.team, 'there'));
  Object.assign(foreign, await furnish(api.otherTeam, 'there'));
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

async function furnish(team: Team, name: string): Promise<Record<Noun, string>> {
  const { token } = await makeAccess(api, { team, scopes: write });
  const answer = await request(api.app).post('/v1/databases').set(bearer(token)).send({ name });
  const { id: action, database_id: database, credential_id: credential } = answer.body.action;
  await succeed(api, action);
  return { action, database, credential, server: api.server.id };
}

const bearer = (token: Secret | undefined) => ({ authorization: `Bearer ${token?.reveal() ?? ''}` });

function send(row: Row, id: string, headers: Record<string, string>) {
  const path = `/v1${row.path.replace(':id', id)}${row.query ?? ''}`;
  return request(api.app)[row.method](path).set(headers).send(row.body);
}

const idFor = (row: Row, ids: Record<Noun, string>) => (row.noun === null ? '' : ids[row.noun]);

test('the table holds every route of the native API, and no other', () => {
  const routes = nativeRoutes({ ...api.context, stopping: api.stopping.signal });
  const names = (list: { method: string; path: string }[]) =>
    list.map(({ method, path }) => `${method} ${path}`).sort();
  expect(names(TABLE)).toEqual(names(routes));
});

test.each(ROWS)(
  '%s answers 401 in the same words to no token, a wrong, an expired and a malformed one',
  async (_, row) => {
    const past = new Date(Date.now() - 1_000);
    const { token: expired } = await makeAccess(api, { scopes: [...SCOPES], expiresAt: past });
    const { token: good } = await makeAccess(api, { scopes: [...SCOPES] });
    const headers: Record<string, string>[] = [
      {},
      bearer(makeToken()),
      bearer(expired),
      bearer(new Secret('x')),
      { authorization: 'Bearer' },
      { authorization: `Basic ${Buffer.from(`a:${good.reveal()}`).toString('base64')}` },
      { authorization: `Bearer ${good.reveal()} more` },
    ];
    const answers: request.Response[] = [];
    for (const each of headers) answers.push(await send(row, idFor(row, own), each));
    for (const answer of answers) {
      expect([answer.status, answer.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(answer.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toEqual(answers[0]?.body);
    }
  },
);

test.each(ROWS)('%s answers 403 to every scope that does not open it, and names one that does', async (_, row) => {
  for (const scope of SCOPES.filter((each) => !row.scopes.includes(each))) {
    const answer = await send(row, idFor(row, own), bearer(tokens.get(scope)));
    expect([scope, answer.status]).toEqual([scope, 403]);
    const problem = problemShape.parse(answer.body);
    expect(problem.code).toBe('missing_scope');
    for (const needed of row.scopes) expect(problem.detail).toContain(needed);
  }
});

const NAMED = ROWS.filter(([, row]) => row.noun !== null);

test.each(NAMED)("%s answers 404 to another team's id, and to one that does not exist or is none", async (_, row) => {
  const noun = row.noun ?? 'database';
  // a server is nobody's; who opens its routes sees all
  const token = tokens.get(row.scopes === operate ? 'all' : 'all but operator');
  const ids = ['x', '%00', '%zz', `${own[noun]}x`, own[noun].toUpperCase(), newId(noun), newId('team')];
  for (const id of row.scopes === operate ? ids : [...ids, foreign[noun]]) {
    const answer = await send(row, id, bearer(token));
    expect([id, answer.status]).toEqual([id, 404]);
    expect(problemShape.parse(answer.body).code).toBe('not_found');
  }
});

test.each(ROWS.filter(([, row]) => row.method !== 'get' && row.noun !== null && row.scopes === write))(
  "%s does not let an operator change another team's things either",
  async (_, row) => {
    expect((await send(row, idFor(row, foreign), bearer(tokens.get('all')))).status).toBe(404);
  },
);

test.each(ROWS.filter(([, row]) => row.method === 'get'))('%s lets an operator read, of every team', async (_, row) => {
  const answer = await send(row, idFor(row, foreign), bearer(tokens.get('operator')));
  expect(answer.status).toBe(200);
});

test('nobody reads a password without the scope, of another team, or as an operator', async () => {
  const path = (id: string) => `/v1/credentials/${id}?reveal=true`;
  const attempt = async (id: string, name: string) =>
    (
      await request(api.app)
        .get(path(id))
        .set(bearer(tokens.get(name)))
    ).status;
  expect(await attempt(own.credential, 'public')).toBe(403);
  expect(await attempt(own.credential, 'operator')).toBe(403);
  expect(await attempt(own.credential, 'all but operator')).toBe(200);
  expect(await attempt(foreign.credential, 'public')).toBe(404);
  expect(await attempt(foreign.credential, 'all but operator')).toBe(404);
  expect(await attempt(foreign.credential, 'operator')).toBe(404);
  expect(await attempt(foreign.credential, 'all')).toBe(404);
});

test("lists hold a team's own things, an operator's hold all", async () => {
  const ids = async (path: string, name: string): Promise<string[]> => {
    const answer = await request(api.app)
      .get(path)
      .set(bearer(tokens.get(name)));
    return answer.body.data.map(({ id }: { id: string }) => id);
  };
  expect(await ids('/v1/databases', 'public')).toEqual([own.database]);
  expect((await ids('/v1/databases', 'operator')).sort()).toEqual([own.database, foreign.database].sort());
  expect(await ids('/v1/actions', 'public')).toEqual([own.action]);
  expect(await ids('/v1/actions', 'operator')).toEqual(expect.arrayContaining([own.action, foreign.action]));
  expect(await ids(`/v1/actions?database_id=${foreign.database}`, 'public')).toEqual([]);
});

test.each(ROWS)('%s is opened by the scope alone', async (name, row) => {
  const fresh = await furnish(api.team, `fresh${ROWS.findIndex(([each]) => each === name)}`);
  const [scope = ''] = row.scopes;
  const answer = await send(row, idFor(row, fresh), bearer(tokens.get(scope)));
  if (row.opens === undefined) expect(answer.status).toBeLessThan(300);
  else expect(answer.body.code).toBe(row.opens);
});
