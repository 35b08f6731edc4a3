// What is asked all day reads no growing table whole: every statement that the API, a worker and maintenance send about a
// filled store, with the plan by which PostgreSQL answered it.
import { createHmac } from 'node:crypto';
import { cleanUp, FORGETTABLE, forget, lookAtServers, purge, reseal, sweep } from '@berth/actions';
import { appOf, openRateLimits } from '@berth/api';
import { newId, Secret } from '@berth/core';
import { openHealth } from '@berth/runtime';
import { hashPassword, hashToken, makeMasterKey, makeToken } from '@berth/secrets';
import type { Action } from '@berth/store';
import { fillStore } from '@berth/store/fill-store';
import { Client } from 'pg';
import request from 'supertest';
import { explainStatements, listenForPlans, rowsRead, wholeReads } from './explained';
import { type Journey, openJourney } from './journey';
import { openTestStore, type TestStore } from './stack';

/** Tables that grow with use. The others hold what operators made. */
const GROWING = [
  'databases',
  'credentials',
  'grants',
  'actions',
  'steps',
  'events',
  'deliveries',
  'audit',
  'idempotency_keys',
  'accesses',
];
const SIZE = { databases: 10_000, endedActions: 20_000, queuedActions: 100 };

/** No statement takes more rows of one of them, used or thrown away: the largest bite of maintenance, and the pages' margins. */
const ROWS_MAX = 600;
/** But placement, which sums over all that is on the servers, from an index. */
const SUMS = /AS "reservedBytes"/;

/** And a look at the log of events for what is rare in it: its bound, see events.ts of the store. */
const LOOKED_MAX = 2_000;
const LOOKS = /AS looked/;

/** PostgreSQL decides after five times whether to plan a statement once for all values. */
const TIMES = 7;

/** Some 12 s beside another file on two cores; where others used the machine too it once took more than a minute. */
const WHOLE_MS_MAX = 180_000;

let testStore: TestStore;

beforeAll(async () => {
  testStore = await openTestStore();
  await fillStore(testStore.secretUrl, { ...SIZE, checksReferences: false, sealed: 'v1.k1.grown' });
}, WHOLE_MS_MAX);
afterAll(() => testStore?.close());

async function sql(text: string): Promise<Record<string, string>[]> {
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test.each(['auto', 'force_generic_plan'] as const)(
  'as planned by %s',
  async (mode) => {
    await explainStatements(testStore, mode);
    const plans = listenForPlans();
    const keep = { ...testStore, close: async () => {} };
    const journey = await openJourney({ registerServer: false, testStore: keep });
    try {
      const begun = plans.explained.length;
      await useApi(journey, mode === 'auto' ? TIMES : 1);
      await useWorker(journey);
      await useMaintenance(journey);
      const asked = plans.explained.slice(begun);
      expect(wholeReads(asked, GROWING)).toEqual([]);
      const boundOf = (query: string) => (LOOKS.test(query) ? LOOKED_MAX : ROWS_MAX);
      const isMuch = ({ rows, query }: { rows: number; query: string }) => rows > boundOf(query) && !SUMS.test(query);
      if (mode === 'auto') expect(rowsRead(asked, GROWING).filter(isMuch)).toEqual([]);
      expect(asked.length).toBeGreaterThan(100);
    } finally {
      plans.stop();
      await journey.close();
    }
  },
  WHOLE_MS_MAX,
);

async function useApi({ context, access }: Journey, timesMax: number): Promise<void> {
  const stopping = new AbortController().signal;
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const health = openHealth({ isReady: () => true, stopping });
  const signUp = { engine: 'postgresql', plan: 'grown-1', environment: 'grown-1', quota: 3 } as const;
  const app = appOf({ ...context, health, limits, signUp, stopping: AbortSignal.abort() }); // so that lists wait for no look at a server
  const [grown] = await sql(`SELECT id, team_id FROM accesses WHERE name = 'grown' ORDER BY number LIMIT 1`);
  const [mine] =
    await sql(`SELECT id, name, project_id, environment_id FROM databases WHERE team_id = '${grown?.team_id}'
    AND state = 'available' AND labels = '{}'
    ORDER BY number LIMIT 1`);
  const [queued] = await sql(`SELECT id, database_id FROM actions WHERE state = 'queued' ORDER BY number LIMIT 1`);
  const tenant = await tokenOf(context, String(grown?.team_id), ['public', 'admin', 'credentials']);
  const operator = await tokenOf(context, access.team_id, ['public', 'operator']);
  const get = async (token: Secret, path: string) => {
    for (let times = 1; ; times += 1) {
      const answer = await request(app).get(path).set('Authorization', `Bearer ${token.reveal()}`);
      expect([path, answer.status, answer.body.detail]).toEqual([path, 200, undefined]);
      if (times === timesMax || path.startsWith('/cloud66')) return answer.body;
    }
  };
  for (const token of [tenant, operator]) {
    for (const list of [
      '/v1/databases?limit=50',
      '/v1/databases?state=quarantined',
      '/v1/databases?state=deleted',
      '/v1/databases?state=failed',
      `/v1/databases?name=${mine?.name}`,
      `/v1/databases?environment=grown-1`,
      '/v1/actions?limit=50',
      '/v1/actions?state=failed',
      '/v1/actions?state=queued',
      `/v1/actions?database_id=${mine?.id}`,
      '/v1/events?limit=50',
      `/v1/events?database_id=${mine?.id}`,
      '/v1/events?type=database.failed',
    ]) {
      const { next_cursor: cursor } = await get(token, list);
      if (cursor !== null) await get(token, `${list}&cursor=${cursor}`);
    }
  }
  await get(tenant, `/v1/databases?project=${mine?.project_id}`);
  for (const path of [
    `/v1/databases/${mine?.id}`,
    `/v1/databases/${mine?.id}/credentials`,
    `/v1/actions/${queued?.id}`,
    `/v1/actions/${queued?.id}/events`,
    '/v1/events?cursor=now',
  ])
    await get(operator, path);
  for (const filter of ['', `?access_id=${grown?.id}`, `?team=${grown?.team_id}`, `?subject_id=${mine?.id}`])
    await get(operator, `/v1/audit${filter}`);
  await useAccesses(context.store, (path) => get(operator, path));
  await useCloud66(get, tenant);
  await useGlobo(context.store, app, String(grown?.team_id));
  await useCosmos(context, app, String(grown?.team_id));
  await useScalingo(get, tenant);
  await useBitabase(context.store, app, String(grown?.team_id));
  await changeThings(app, tenant, mine ?? {});
}

/** What is opened by sessions, keys and signers, and the lists of those. */
async function useAccesses(
  { accesses }: Journey['context']['store'],
  get: (path: string) => Promise<{ data: object[] }>,
) {
  const [session] = await sql(`SELECT id, parent_id, secret_hash, team_id FROM accesses
    WHERE parent_id IS NOT NULL AND revoked_at IS NULL ORDER BY number LIMIT 1`);
  expect(await accesses.findSession(String(session?.id), String(session?.secret_hash))).not.toBeNull();
  const [key] = await accesses.listKeys(0, 100);
  expect((await accesses.findLiving(String(key?.id), 'cosmos_key'))?.id).toBe(key?.id);
  for (const filter of ['', '&kind=cosmos_key', '&kind=session', `&parent_id=${session?.parent_id}`, '&revoked=true'])
    await get(`/v1/accesses?limit=50${filter}`);
  await get(`/v1/accesses?limit=50&kind=session&team=${session?.team_id}`);
}

/** Lists by place, with their totals. */
async function useCloud66(get: (token: Secret, path: string) => Promise<{ response: never[] }>, token: Secret) {
  const list = async (path: string): Promise<{ uid: string; id: string }[]> =>
    (await get(token, `/cloud66/api/3${path}`)).response;
  let seen = 0;
  for (const { uid } of await list('/stacks')) {
    for (const { id } of await list(`/stacks/${uid}/server_groups`)) {
      await list(`/stacks/${uid}/server_groups/${id}/databases`);
      await list(`/stacks/${uid}/server_groups/${id}/database_users`);
    }
    const [action] = await list(`/stacks/${uid}/actions`);
    if (action === undefined) continue;
    await list(`/stacks/${uid}/actions/${action.id}`);
    seen += 1;
  }
  expect(seen).toBeGreaterThan(0);
}

/** All databases of a team, and one as its clients look at it, by its id and by its name. */
async function useScalingo(get: (token: Secret, path: string) => Promise<Listed>, token: Secret) {
  const { databases } = await get(token, '/scalingo/v1/databases');
  expect(databases.length).toBeGreaterThan(100);
  for (const name of [databases[0]?.id, databases[0]?.name]) {
    await get(token, `/scalingo/v1/databases/${name}`);
    await get(token, `/scalingo/v1/apps/${name}`);
    const { addons } = await get(token, `/scalingo/v1/apps/${name}/addons`);
    await get(token, `/scalingo/api/databases/${addons[0]?.id}`);
    await get(token, `/scalingo/api/databases/${addons[0]?.id}/users`);
  }
  for (const list of ['projects', 'addon_providers/postgresql/plans']) await get(token, `/scalingo/v1/${list}`);
}

type Listed = Record<'addons' | 'databases', { id: string; name: string }[]>;

/** Lists of a whole team, with their totals, and the newest tasks as a program polls them. */
async function useGlobo(store: Journey['context']['store'], app: ReturnType<typeof appOf>, teamId: string) {
  const [login, password] = await newLogin(store, teamId);
  const get = async (path: string) => {
    const answer = await request(app).get(`/globo/api${path}`).auth(login, password);
    expect([path, answer.status, answer.body.detail]).toEqual([path, 200, undefined]);
    return answer.body;
  };
  const { database } = await get('/database/?page_size=100');
  await get(`/database/${database[0].id}/`);
  const { credential } = await get('/credential/');
  await get(`/credential/?page=last`);
  expect(credential).toHaveLength(10);
  const { taskhistory } = await get('/task/?ordering=-updated_at&page_size=100');
  await get(`/task/?task_id=${taskhistory[0].task_id}`);
  await get(`/task/${taskhistory[0].id}/`);
  await get('/task/?task_status=WAITING');
}

/** Pages by what was seen last, and one by either of its ids; the first request looks for its key among all. */
async function useCosmos({ keyRing, store }: Journey['context'], app: ReturnType<typeof appOf>, teamId: string) {
  const [id, key] = [newId('access'), makeMasterKey()];
  const secretSealed = keyRing.seal(key, `access/${id}/secret`);
  await store.accesses.insert({ id, teamId, person: 'plans', kind: 'cosmos_key', secretSealed }, NO_DEFAULTS);
  const get = async (path: string, link: string, headers: Record<string, string> = {}) => {
    const date = new Date().toUTCString();
    const signature = createHmac('sha256', Buffer.from(key.reveal(), 'base64'))
      .update(`get\n${path === '/' ? '' : 'dbs'}\n${link}\n${date.toLowerCase()}\n\n`)
      .digest('base64');
    const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
    const signed = { authorization, 'x-ms-date': date, 'x-ms-version': '2015-08-06', ...headers };
    const answer = await request(app).get(`/cosmos${path}`).set(signed);
    expect([path, answer.status, answer.body.message]).toEqual([path, 200, undefined]);
    return answer;
  };
  await get('/', '');
  const first = await get('/dbs', '');
  const last = await get('/dbs', '', { 'x-ms-continuation': first.get('x-ms-continuation') ?? '' });
  expect([first.body._count, last.body._count > 0]).toEqual([100, true]);
  const [{ _rid: rid, id: name }] = first.body.Databases;
  for (const each of [rid, name]) await get(`/dbs/${each}`, `dbs/${each}`);
}

/** A list of a whole team, by a session of one of its logins; and what somebody does who signs up. */
async function useBitabase(store: Journey['context']['store'], app: ReturnType<typeof appOf>, teamId: string) {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await request(app).post(`/bitabase/v1${path}`).set(headers).send(body);
    expect([path, answer.body.errors, answer.body.error]).toEqual([path, undefined, undefined]);
    return answer.body;
  };
  const open = async (email: string, password: string) => {
    const { sessionId, sessionSecret } = await post('/sessions', { email, password });
    return { 'X-Session-Id': sessionId, 'X-Session-Secret': sessionSecret };
  };
  const get = (path: string, headers: Record<string, string>) =>
    request(app).get(`/bitabase/v1${path}`).set(headers).expect(200);
  const headers = await open(...(await newLogin(store, teamId)));
  const { body } = await get('/databases', headers);
  expect(body.length).toBeGreaterThan(100);
  await get(`/databases/${body[0].name}/collections`, headers);
  await get('/sessions/current', headers);
  const [email, password] = [`plans-${count}@example.org`, 'plans-password'];
  await post('/users', { email, password });
  await post('/databases', { name: `plans-${count}` }, await open(email, password));
}

/** A login of this team, and its password. */
async function newLogin(store: Journey['context']['store'], teamId: string): Promise<[string, string]> {
  count += 1;
  const [login, password] = [`plans-${count}`, 'plans-password'];
  const owner = { id: newId('access'), teamId, person: 'plans' };
  const secretHash = await hashPassword(new Secret(password));
  await store.accesses.insert({ ...owner, kind: 'basic', login, secretHash }, NO_DEFAULTS);
  return [login, password];
}

const NO_DEFAULTS = {
  name: 'plans',
  scopes: ['public' as const],
  limit_project_id: null,
  limit_environment_id: null,
  default_engine: null,
  default_plan_id: null,
  default_environment_id: null,
  default_project_id: null,
  default_pool_id: null,
  sees_quarantine: false,
  expires_at: null,
};

/** What changes something, as clients ask for it. */
async function changeThings(app: ReturnType<typeof appOf>, token: Secret, mine: Record<string, string>): Promise<void> {
  const ask = async (method: 'post' | 'patch' | 'delete', path: string, body: object = {}) => {
    count += 1;
    const headers = { Authorization: `Bearer ${token.reveal()}`, 'Idempotency-Key': `plans-${count}` };
    const answer = await request(app)[method](path).set(headers).send(body);
    expect([path, answer.status, answer.body.detail]).toEqual([path, expect.any(Number), undefined]);
    return answer.body;
  };
  const place = { engine: 'postgresql', plan: 'grown-1', environment: 'grown-1', project: mine.project_id };
  const { database, action } = await ask('post', '/v1/databases', { name: `plans-${count}`, ...place });
  await ask('post', '/v1/databases?dry_run=true', { name: 'another', ...place });
  await ask('post', `/v1/actions/${action.id}/cancel`);
  await ask('delete', `/v1/databases/${database.id}`);
  await ask('patch', `/v1/databases/${mine.id}`, { labels: { a: String(count) } });
  const made = await ask('post', `/v1/databases/${mine.id}/credentials`, {
    username: `plans_${count}`,
    role: 'readonly',
  });
  await ask('delete', `/v1/credentials/${made.credential.id}`);
  await ask('delete', `/v1/databases/${mine.id}`);
}

let count = 0;

/** What a refresh writes of all databases of a server. */
async function recordLook({ store }: Journey['context']): Promise<void> {
  const all = await sql(`SELECT id, server_id, state FROM databases WHERE id > '' ORDER BY id LIMIT 300`);
  const rows = all.filter(({ server_id, state }) => server_id === all[0]?.server_id && state === 'available');
  const seen = { sizeBytes: 1_000, users: 1, sessions: 1, charset: 'UTF8', collation: 'C' };
  const looked = rows.map(({ id }) => ({ id: String(id), ...seen }));
  const since = await store.now();
  const told = await store.transaction((tx) => tx.servers.recordRefresh(String(rows[0]?.server_id), looked, since));
  expect(told.databases).toBe(looked.length);
}

function tokenOf(
  { store }: Journey['context'],
  teamId: string,
  scopes: Parameters<typeof store.accesses.ensureBearer>[0]['scopes'],
) {
  const token = makeToken();
  const who = { teamId, name: 'plans', person: 'plans@example.org', secretHash: hashToken(token), scopes };
  return store.accesses.ensureBearer({ ...who, defaults: {}, expiresAt: null }).then(() => token);
}

async function useWorker({ context }: Journey): Promise<void> {
  const { actions, transaction } = context.store;
  const claimed: Action[] = [];
  for (const { id } of await sql(`SELECT id FROM actions WHERE state = 'queued' AND not_before IS NULL
    ORDER BY number LIMIT 4`)) {
    const action = await actions.claim(String(id), 'a worker');
    if (action !== null) claimed.push(action);
  }
  const [first, second, third, fourth] = claimed;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined)
    throw new Error('no claim');
  await actions.renew(first);
  await actions.recordStep(first, { name: 'a_step', state: 'succeeded', durationMs: 1, evidence: {} });
  await transaction(async (tx) => {
    await tx.actions.finish(first);
    await tx.actions.nudgeNext(first);
  });
  await actions.postpone(second, 60_000, {
    code: 'server_unreachable',
    message: 'It is away.',
    isCounted: false,
    isUnreached: true,
  });
  await actions.release(third);
  await actions.fail(fourth, 'engine_refused', 'refused');
}

async function useMaintenance({ context }: Journey): Promise<void> {
  const stopping = new AbortController().signal;
  await sweep(context);
  await purge(context);
  await cleanUp(context, 60_000);
  await lookAtServers(context, 600_000);
  await recordLook(context);
  await reseal(context, { stopping, said: new Set() });
  const before = new Date(context.clock.now().getTime() - 89 * 24 * 60 * 60 * 1000);
  const bites = { before, after: 0, untilMs: Number.POSITIVE_INFINITY, stopping, onBite: () => {} };
  for (const each of FORGETTABLE) await forget(context, each, bites);
  const { removed } = await context.store.briefly((tx) => tx.oldSessions.remove(context.clock.now(), 0));
  expect(removed).toBeGreaterThan(10);
}
