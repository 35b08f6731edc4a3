// Who may call what: every route of the native API, each with the scopes that open it, tried with all the others, without
// a token, and on what belongs to another team. A route that is not in the table fails the first test.
import { newId, SCOPES, Secret } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { openTestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { openProofs } from '../../http/proofs';
import { openRateLimits } from '../../http/rate-limits';
import { nativeRoutes } from './routes';
import {
  bearer,
  furnish,
  furnishOperated,
  idFor,
  operate,
  type Row,
  read,
  sendRow,
  TABLE,
  type Things,
  write,
} from './routes.fixture';
import { problemShape } from './shapes.fixture';

const noLimits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
const ROWS = TABLE.map((row): [string, Row] => [`${row.method.toUpperCase()} ${row.path}`, row]);

let api: TestApi;
let closeStore: () => Promise<void>;
let storeUrl: string;
const tokens = new Map<string, Secret>();
/** Things of `team`, and of the other one. */
let own: Things;
let foreign: Things;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  storeUrl = store.url;
  api = await openTestApi(store.secretUrl);
  for (const scope of SCOPES) tokens.set(scope, (await makeAccess(api, { scopes: [scope] })).token);
  const others = SCOPES.filter((scope) => scope !== 'operator');
  tokens.set('all but operator', (await makeAccess(api, { scopes: others })).token);
  tokens.set('all', (await makeAccess(api, { scopes: [...SCOPES] })).token);
  const past = new Date(Date.now() - 1_000);
  tokens.set('expired', (await makeAccess(api, { scopes: [...SCOPES], expiresAt: past })).token);
  own = await furnish(api, api.team, 'there');
  foreign = await furnish(api, api.otherTeam, 'there');
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

function send(row: Row, id: string, headers: Record<string, string>) {
  return sendRow(api, row, id, own.database, headers);
}

test('the table holds every route of the native API, and no other', () => {
  const routes = nativeRoutes({
    ...api.context,
    limits: noLimits,
    proofs: openProofs(api.context.clock),
    stopping: api.stopping.signal,
    streams: api.streams,
  });
  const names = (list: { method: string; path: string }[]) =>
    list.map(({ method, path }) => `${method} ${path}`).sort();
  expect(names(TABLE)).toEqual(names(routes));
});

test.each(ROWS)(
  '%s answers 401 in the same words to no token, a wrong, an expired and a malformed one',
  async (_, row) => {
    const good = tokens.get('all')?.reveal();
    const headers: Record<string, string>[] = [
      {},
      bearer(makeToken()),
      bearer(tokens.get('expired')),
      bearer(new Secret('x')),
      { authorization: 'Bearer' },
      { authorization: `Basic ${Buffer.from(`a:${good}`).toString('base64')}` },
      { authorization: `Bearer ${good} more` },
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

/** The newest entry of the audit. */
async function newestEntry() {
  const { data } = await api.context.store.audit.list({}, { cursor: null, limit: 1 });
  return data[0];
}

test.each(ROWS)(
  '%s answers 403 to every scope that does not open it, names one that does, and records a write',
  async (_, row) => {
    for (const scope of SCOPES.filter((each) => !row.scopes.includes(each))) {
      const answer = await send(row, idFor(row, own), bearer(tokens.get(scope)));
      expect([scope, answer.status]).toEqual([scope, 403]);
      const problem = problemShape.parse(answer.body);
      expect(problem.code).toBe('missing_scope');
      for (const needed of row.scopes) expect(problem.detail).toContain(needed);
      const deed = `${row.method.toUpperCase()} /v1${row.path}`;
      if (row.method === 'get') expect(await newestEntry()).not.toMatchObject({ deed });
      else {
        const who = { access_id: expect.stringMatching(/^acc_/), person: 'caller@example.org', address: '127.0.0.1' };
        const what = { deed, outcome: 'refused', error_code: 'missing_scope', subject_id: idFor(row, own) || null };
        expect(await newestEntry()).toMatchObject({ ...who, ...what });
      }
    }
  },
);

const NAMED = ROWS.filter(([, row]) => row.noun !== null);

test.each(NAMED)("%s answers 404 to another team's id, and to one that does not exist or is none", async (_, row) => {
  const noun = row.noun ?? 'database';
  // a server is nobody's; who opens its routes sees all
  const token = tokens.get(row.scopes === operate ? 'all' : 'all but operator');
  const ids = ['x', '%00', '%zz', `${own[noun]}x`, own[noun].toUpperCase(), newId(noun), newId('team')];
  const isNobodys = row.scopes === operate || row.isShared === true;
  for (const id of isNobodys ? ids : [...ids, foreign[noun]]) {
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

/** Every row that operators or teams could miss: what requests are made of, what they made, and what it led to. */
async function everything(): Promise<unknown> {
  const tables = [
    'teams',
    'projects',
    'environments',
    'pools',
    'plans',
    'servers',
    'databases',
    'credentials',
    'grants',
  ];
  const texts = [...tables, 'actions', 'events'].map(
    (table) => `(SELECT json_agg(t ORDER BY t.id) FROM ${table} t) AS ${table}`,
  );
  const accesses = `(SELECT json_agg(to_jsonb(t) - 'last_used_at' ORDER BY t.id) FROM accesses t) AS accesses`;
  const client = new Client({ connectionString: storeUrl });
  await client.connect();
  const { rows } = await client.query(`SELECT ${[...texts, accesses].join(', ')}`);
  await client.end();
  return rows[0];
}

test("a token of another team gets nothing of this one's on any route, and changes nothing", async () => {
  const { token } = await makeAccess(api, { team: api.otherTeam, scopes: ['public', 'admin', 'credentials'] });
  const secretsOfOwn = [own.database, own.credential, own.action, own.project, own.access];
  const before = await everything();
  const tried: string[] = [];
  for (const row of TABLE) {
    if (row.method === 'post' && row.path === '/databases') continue; // it may have one of its own
    const query = row.path === '/credentials/:id' && row.method === 'get' ? '?reveal=true' : (row.query ?? '');
    const answer = await send({ ...row, query }, idFor(row, own), bearer(token));
    const isOpen = row.method === 'get' && (row.noun === null || row.isShared === true) && row.scopes === read;
    expect([row.method, row.path, answer.status]).toEqual([
      row.method,
      row.path,
      isOpen ? 200 : row.scopes === operate ? 403 : 404,
    ]);
    for (const id of secretsOfOwn.filter((each) => each !== idFor(row, own))) expect(answer.text).not.toContain(id);
    tried.push(row.path);
  }
  expect(tried).toHaveLength(TABLE.length - 1);
  expect(await everything()).toEqual(before);
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
  const isOperated = row.scopes === operate; // a database is more work, and of no use to those
  const named = `fresh${ROWS.findIndex(([each]) => each === name)}`;
  const fresh = isOperated
    ? { ...own, ...(await furnishOperated(api, api.team, named)) }
    : await furnish(api, api.team, named);
  for (const scope of row.scopes) {
    if (row.isQuarantined) await api.context.store.databases.becomeQuarantined(fresh.database, 7);
    const answer = await send(row, idFor(row, fresh), bearer(tokens.get(scope)));
    if (row.opens === undefined) expect(answer.status).toBeLessThan(300);
    else expect(answer.body.code).toBe(row.opens);
  }
});
