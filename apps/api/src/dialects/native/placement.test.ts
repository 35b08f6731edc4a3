// Placement, quota and dry run as callers meet them: the last place is given once, what does not fit is said with its
// reasons, and a look changes nothing.
import type { Secret } from '@berth/core';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import request from 'supertest';
import { addEnvironment, claim, makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { listen } from '../../http/listen';
import { problemShape } from './shapes.fixture';

const GIB = 1024 ** 3;

let testStore: TestStore;
let api: TestApi;
let token: Secret;

beforeEach(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin'] })).token;
});
afterEach(async () => {
  await api?.close();
  await testStore?.close();
});

const sql = (text: string, values: unknown[] = []) =>
  withClient(testStore.url, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
const post = (body: object, query = '') =>
  request(api.app).post(`/v1/databases${query}`).auth(token.reveal(), { type: 'bearer' }).send(body);
const resize = (gib: number) => sql('UPDATE servers SET size_bytes_max = $1', [gib * GIB]);

async function everything(): Promise<string> {
  const tables = ['databases', 'credentials', 'grants', 'actions', 'events', 'audit', 'idempotency_keys'];
  const rows: unknown[] = [];
  for (const table of tables) rows.push(await sql(`SELECT t::text FROM ${table} t ORDER BY 1`));
  return JSON.stringify(rows);
}

/** `count` creates at once; how many were accepted and how many refused with this code. */
async function atOnce(count: number): Promise<Record<string, number>> {
  const door = await listen(api.app, '127.0.0.1', 0);
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      request(door.url)
        .post('/v1/databases')
        .auth(token.reveal(), { type: 'bearer' })
        .send({ name: `at_once_${index}` }),
    ),
  );
  await door.close();
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const outcome = status === 202 ? 'accepted' : String(body.code);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

test('ten at once for three places: three are accepted, seven are told that there is no room', async () => {
  await resize(4); // 3.6 GiB without the headroom, for plans of 1 GiB
  expect(await atOnce(10)).toEqual({ accepted: 3, no_room: 7 });
  expect(await sql('SELECT FROM databases')).toHaveLength(3);
});

test('ten at once on two servers are spread evenly', async () => {
  const { pool_id: poolId } = api.server;
  const { servers } = api.context.store;
  const id = servers.newId();
  const place = { host: 'second.example.org', port: 5432, tls: 'require', adminSealed: 's' };
  await servers.insert({
    id,
    name: 'second',
    engine: 'postgresql',
    poolId,
    sizeBytesMax: 1_000n * BigInt(GIB),
    ...place,
  });
  await servers.becomeChecked(id, { identity: id, version: '18.4', connectionsMax: 10_000, cannot: [] });
  await resize(50); // a plan is more of it than one server may be fuller than another
  expect(await atOnce(10)).toEqual({ accepted: 10 });
  expect(await sql('SELECT count(*)::int FROM databases GROUP BY server_id')).toEqual([{ count: 5 }, { count: 5 }]);
});

test('no room is 507 with each server and its reason, and nothing is written', async () => {
  await resize(1);
  const before = await everything();
  const answer = await post({ name: 'too_large' });
  expect(answer.status).toBe(507);
  expect(problemShape.parse(answer.body)).toMatchObject({ code: 'no_room', errors: [{ field: 'engine' }] });
  expect(answer.body.detail).toContain('first: 1024 MiB needed, 921 MiB free of 921 MiB');
  await sql("DELETE FROM audit WHERE outcome = 'refused'");
  expect(await everything()).toBe(before);
});

test('a database counts until it is deleted: its room is free again then', async () => {
  await resize(2);
  const first = await post({ name: 'one' });
  expect((await post({ name: 'two' })).body.code).toBe('no_room');
  await sql(`UPDATE databases SET delete_accepted_at = now() WHERE id = $1`, [first.body.database.id]);
  expect((await post({ name: 'two' })).body.code).toBe('no_room');
  await api.context.store.databases.becomeDeleted(first.body.database.id);
  expect((await post({ name: 'two' })).status).toBe(202);
});

test('a quota is kept to the last place by ten at once, and its refusal has the numbers', async () => {
  await sql('UPDATE teams SET database_quota = 3 WHERE id = $1', [api.team.id]);
  expect(await atOnce(10)).toEqual({ accepted: 3, quota_exceeded: 7 });
  const answer = await post({ name: 'one_more' });
  expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining('3 of the 3 databases')]);
  const other = await makeAccess(api, { team: api.otherTeam, scopes: ['admin'] });
  const theirs = request(api.app).post('/v1/databases').auth(other.token.reveal(), { type: 'bearer' });
  expect((await theirs.send({ name: 'theirs' })).status).toBe(202);
});

test('a place that was given up is asked for again: by a delete that is cancelled, by a create that is tried again', async () => {
  const { store } = api.context;
  const send = (method: 'post' | 'delete', path: string) =>
    request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });
  const setQuota = (quota: number) => sql('UPDATE teams SET database_quota = $1 WHERE id = $2', [quota, api.team.id]);
  const fail = async (id: string) => store.actions.fail(await claim(api, id), 'engine_refused', 'No.');
  await setQuota(1);
  const { action: create, database } = (await post({ name: 'first' })).body;
  await fail(create.id);
  await store.databases.becomeFailed(database.id);
  const { action: remove } = (await send('delete', `/databases/${database.id}`)).body;
  expect((await post({ name: 'second' })).status).toBe(202);
  const steer = async (deed: string, code?: string) => {
    const answer = await send('post', deed);
    expect([answer.status < 300, answer.body.code]).toEqual([code === undefined, code]);
  };
  await steer(`/actions/${remove.id}/cancel`, 'quota_exceeded');
  expect((await store.actions.find(remove.id))?.state).toBe('queued');
  await fail(remove.id);
  await steer(`/actions/${create.id}/retry`, 'quota_exceeded');
  await setQuota(2);
  await steer(`/actions/${create.id}/retry`);
  const again = (await send('delete', `/databases/${database.id}`)).body.action;
  await steer(`/actions/${again.id}/cancel`);
  expect(await store.databases.countOfTeam(api.team.id)).toBe(2);
});

test('a dry run says where it would go, what it would be called and what would be done, and writes nothing', async () => {
  await addEnvironment(api, 'elsewhere');
  const before = await everything();
  const answer = await post({ name: 'maybe' }, '?dry_run=true');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    dry_run: true,
    fits: true,
    server: 'first',
    engine_name: 'maybe',
    steps: ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'],
    candidates: [
      {
        server: 'first',
        pool: 'first-pool',
        fits: true,
        reasons: [],
        free_bytes: 900 * GIB,
        free_connections: 90_000,
        databases: 0,
      },
    ],
  });
  expect(await everything()).toBe(before);
  expect((await post({ name: 'maybe' }, '?dry_run=false')).status).toBe(202);
});

test('a dry run that fits nowhere has the reasons, one that would be refused is refused', async () => {
  await sql("UPDATE servers SET state = 'draining'");
  const nowhere = await post({ name: 'maybe' }, '?dry_run=true');
  expect(nowhere.status).toBe(200);
  expect(nowhere.body).toMatchObject({
    fits: false,
    server: null,
    steps: [],
    candidates: [{ reasons: ['it is draining'] }],
  });
  await sql("UPDATE servers SET state = 'active'");
  await post({ name: 'taken' });
  expect((await post({ name: 'taken' }, '?dry_run=true')).body.code).toBe('name_taken');
  expect((await post({ name: 'maybe', plan: 'none' }, '?dry_run=true')).body.code).toBe('unknown_reference');
  expect((await post({ name: 'maybe' }, '?dry_run=perhaps')).body).toMatchObject({ errors: [{ field: 'dry_run' }] });
});
