// Deleting what somebody is about to use: one of the two waits for the other, and loses cleanly.
import type { Secret } from '@berth/core';
import { eventually, openTestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';

let api: TestApi;
let sql: Client;
let token: Secret;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  sql = new Client({ connectionString: store.url });
  await sql.connect();
  token = (await makeAccess(api, { scopes: ['operator', 'admin'] })).token;
});

afterAll(async () => {
  await sql.end();
  await api.close();
  await closeStore();
});

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body: object = {}) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' }).send(body);

async function make(path: string, body: object): Promise<string> {
  const answer = await call('post', path, body);
  expect(answer.status).toBe(201);
  return answer.body.id;
}

/** Until a session of the store waits for another's lock. Asked outside of any transaction: inside, the look never changes. */
const somebodyWaits = () =>
  eventually(
    async () => {
      const { rows } = await sql.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    },
    { what: 'a session to wait for a lock' },
  );

/** Runs `first` and lets `second` meet its locks before it commits. Returns the answer to `second`. */
async function meeting(
  first: (tx: Parameters<Parameters<TestApi['context']['store']['transaction']>[0]>[0]) => Promise<unknown>,
  second: () => request.Test,
): Promise<request.Response> {
  return api.context.store
    .transaction(async (tx) => {
      await first(tx);
      const answer = second().then((each) => each);
      await somebodyWaits();
      return { answer };
    })
    .then(({ answer }) => answer);
}

const small = { engine: 'postgresql', size_bytes_max: 2 ** 30, connections_max: 5 };
let count = 0;

/** What a database names, each on its own, with nothing else that uses it. */
async function things() {
  count += 1;
  const name = `race${count}`;
  const plan = await make('/plans', { name, ...small });
  const project = await make('/projects', { name });
  return { name, plan, project, team: api.team.id, environment: api.environmentId };
}

describe.each(['plan', 'project'] as const)('a %s', (noun) => {
  it('with a database on its way is in use: the delete waits for it, and is refused', async () => {
    const { name, plan, project, team, environment } = await things();
    const id = api.context.store.databases.newId();
    const row = { id, name, engineName: name, engine: 'postgresql', serverId: api.server.id, accessId: null };
    const rest = { ownerLogin: 'none' as const, labels: {}, teamId: team, environmentId: environment };
    const answer = await meeting(
      (tx) => tx.databases.insert({ ...row, ...rest, planId: plan, projectId: project }),
      () => call('delete', `/${noun}s/${noun === 'plan' ? plan : project}`),
    );
    expect([answer.status, answer.body.code]).toEqual([409, 'in_use']);
  });

  it('on its way out is gone for a database that names it, which is refused by that name', async () => {
    const { name, plan, project } = await things();
    const nouns = noun === 'plan' ? api.context.store.plans : api.context.store.projects;
    const id = noun === 'plan' ? plan : project;
    const before = (await sql.query('SELECT count(*) FROM databases')).rows;
    const answer = await meeting(
      async (tx) => {
        await tx[`${noun}s`].lock(id);
        await tx[`${noun}s`].retire(id);
      },
      () => call('post', '/databases', { name, plan, project }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'unknown_reference', errors: [{ field: noun }] });
    expect((await sql.query('SELECT count(*) FROM databases')).rows).toEqual(before);
    expect(await nouns.find(id)).toBeNull();
  });
});

test('a plan that a database is being moved to is in use', async () => {
  const { name, plan } = await things();
  const answer = await call('post', '/databases', { name });
  await sql.query('UPDATE databases SET pending_plan_id = $1 WHERE id = $2', [plan, answer.body.database.id]);
  expect((await call('delete', `/plans/${plan}`)).body).toMatchObject({ code: 'in_use' });
  await sql.query('UPDATE databases SET pending_plan_id = NULL');
  expect((await call('delete', `/plans/${plan}`)).status).toBe(204);
});

test('a team on its way out takes no new access, and no access that comes back', async () => {
  const team = await make('/teams', { name: 'leaving' });
  const body = { name: 'late', person: 'p', scopes: ['public'], team: 'leaving' };
  const answer = await meeting(
    async (tx) => {
      await tx.teams.lock(team);
      await tx.teams.retire(team);
    },
    () => call('post', '/accesses', body),
  );
  expect(answer.body).toMatchObject({ code: 'unknown_reference', errors: [{ field: 'team' }] });
});

test('a pool on its way out takes no server', async () => {
  const pool = await make('/pools', { name: 'leaving', engine: 'postgresql', environment: 'development' });
  const body = { name: 'late', engine: 'postgresql', pool: 'leaving', admin_url: 'postgres://a:b@late.example.org' };
  const answer = await meeting(
    async (tx) => {
      await tx.pools.lock(pool);
      await tx.pools.retire(pool);
    },
    () => call('post', '/servers', body),
  );
  expect(answer.body).toMatchObject({ code: 'unknown_reference', errors: [{ field: 'pool' }] });
});

test('a server that is drained while a database is being placed takes it or not, but never after', async () => {
  const answer = await meeting(
    async (tx) => {
      await tx.servers.lockWithPool(api.server.id, null);
      await tx.servers.turn(api.server.id, 'draining');
    },
    () => call('post', '/databases', { name: 'late' }),
  );
  expect([answer.status, answer.body.code]).toEqual([507, 'no_room']);
  expect(answer.body.detail).toContain('first: it is draining');
  await call('patch', `/servers/${api.server.id}`, { state: 'active' });
});

test('a DELETE that meets the end of a quarantine joins it, and does not drop what it saw outside of it', async () => {
  const { body: made } = await call('post', '/databases', { name: 'met' });
  await succeed(api, made.action.id);
  const path = `/databases/${made.database.id}`;
  const { body: first } = await call('delete', path);
  const claimed = await claim(api, first.action.id);
  const answer = await meeting(
    async (tx) => {
      await tx.databases.lock(made.database.id);
      await tx.actions.finish(claimed);
      await tx.databases.becomeQuarantined(made.database.id, 7);
    },
    () => call('delete', path),
  );
  expect(answer.body.action).toMatchObject({ id: first.action.id, kind: 'database_quarantine', state: 'succeeded' });
  expect((await call('delete', path)).body.action.kind).toBe('database_delete');
});

test('two who rename to one name at once: one has it', async () => {
  const [one, other] = await Promise.all([make('/teams', { name: 'a1' }), make('/teams', { name: 'a2' })]);
  const answers = await Promise.all([one, other].map((id) => call('patch', `/teams/${id}`, { name: 'wanted' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});
