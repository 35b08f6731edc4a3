// Creates beside each other, beside a dry run and beside an operator: all take what they need in one order, so that nobody waits
// for somebody who waits for them. PostgreSQL would find that out after a second; here it looks so late that a test fails.
import type { Secret } from '@berth/core';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { listen } from '../../http/listen';

let testStore: TestStore;
let api: TestApi;
let token: Secret;
let sql: Client;
let door: Awaited<ReturnType<typeof listen>>;

beforeEach(async () => {
  testStore = await openTestStore();
  sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  await sql.query(`ALTER DATABASE "${testStore.name}" SET deadlock_timeout = '15s'`); // of the sessions that come now
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'operator'] })).token;
  door = await listen(api.app, '127.0.0.1', 0);
});
afterEach(async () => {
  await door?.close();
  await api?.close();
  await sql?.end();
  await testStore?.close();
});

/** The status, and how long it took. */
async function ask(method: 'post' | 'patch', path: string, body: object, by = token) {
  const startedMs = performance.now();
  const { status } = await request(door.url)[method](`/v1${path}`).auth(by.reveal(), { type: 'bearer' }).send(body);
  return { status, isSoon: performance.now() - startedMs < 14_000 };
}

const sessionsThatWait = (count: number) => async () => {
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return (await sql.query(waiting)).rows.length >= count;
};

/** Has the lock of every pool until it commits. End it. */
async function openBlocker(): Promise<Client> {
  const blocker = new Client({ connectionString: testStore.url });
  await blocker.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT FROM pools FOR NO KEY UPDATE');
  return blocker;
}

async function addServer(): Promise<void> {
  const { servers } = api.context.store;
  const id = servers.newId();
  const { pool_id: poolId } = api.server;
  const place = { host: 'second.example.org', port: 5432, tls: 'require', adminSealed: 's' };
  await servers.insert({ id, name: 'second', engine: 'postgresql', poolId, sizeBytesMax: null, ...place });
  await servers.becomeChecked(id, { identity: id, version: '18.4', connectionsMax: 10_000, cannot: [] });
}

test('an operator changes a server while creates stand in line', async () => {
  const blocker = await openBlocker();
  const first = ask('post', '/databases', { name: 'one' });
  await eventually(sessionsThatWait(1), { what: 'the first create to wait' });
  const change = ask('patch', `/servers/${api.server.id}`, { name: 'renamed' });
  await eventually(sessionsThatWait(2), { what: 'the operator to wait' });
  const second = ask('post', '/databases', { name: 'two' });
  await eventually(sessionsThatWait(3), { what: 'the second create to wait' });
  await blocker.query('COMMIT');
  await blocker.end();
  expect([await first, await change, await second]).toEqual([
    { status: 202, isSoon: true },
    { status: 200, isSoon: true },
    { status: 202, isSoon: true },
  ]);
});

test('a dry run asks for the name that is being created', async () => {
  const other = (await makeAccess(api, { scopes: ['public', 'admin'], team: api.otherTeam })).token;
  for (const name of ['one', 'two', 'three']) {
    const answers = await Promise.all([
      ask('post', '/databases', { name }),
      ask('post', '/databases?dry_run=true', { name }, other),
    ]);
    expect(answers).toEqual([
      { status: 202, isSoon: true },
      { status: 200, isSoon: true },
    ]);
  }
});

test('a crowd asks for few names at once, and is overtaken on two small servers', async () => {
  await addServer();
  await sql.query('UPDATE servers SET size_bytes_max = 60::bigint << 30'); // a plan is more of one than it may be fuller
  for (const round of ['a', 'b', 'c']) {
    const asked = Array.from({ length: 24 }, (_, index) =>
      ask('post', '/databases', { name: `${round}_${index % 4}` }),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter(({ isSoon }) => !isSoon)).toEqual([]);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(4);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(20);
  }
});

test('one name is asked for by many teams at once', async () => {
  const tokens: Secret[] = [];
  for (let number = 1; number <= 8; number += 1) {
    const team = await api.context.store.catalog.ensureTeam(`team_${number}`);
    await api.context.store.catalog.ensureProject(team.id, 'default');
    tokens.push((await makeAccess(api, { scopes: ['public', 'admin'], team })).token);
  }
  const answers = await Promise.all(tokens.map((each) => ask('post', '/databases', { name: 'app' }, each)));
  expect(answers).toEqual(tokens.map(() => ({ status: 202, isSoon: true })));
});
