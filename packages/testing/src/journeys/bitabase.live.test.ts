// Bitabase's API on real servers: from signing up to a connection that works and a list that tells what is in the database; people
// who do not see each other; and, on PostgreSQL, a create that fails, which leaves nothing behind whatever dies meanwhile.
import { FAILURES_MAX } from '@berth/core';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { withClient } from '../journey';
import { onEachEngine } from '../tenants/on-each-engine';
import { onPostgresql } from '../tenants/postgresql';
import { withSession } from '../tenants/tenants';
import type { TestProcess } from '../test-process';

const API = '/bitabase/v1';
const SIGN_UP = { BERTH_OPEN_SIGNUP: 'true' };
const PASSWORD = 'pw-123456';

/** What the list tells of a database. */
interface Listed {
  id: string;
  name: string;
  total_space: number;
  status: string;
}

type Caller = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Somebody who signed up. */
interface Person {
  email: string;
  call: Caller;
  list(): Promise<Listed[]>;
  /** Its session. */
  headers: Record<string, string>;
}

onEachEngine((engine) => {
  let berth: TestBerth;
  let ann: Person;
  let bob: Person;

  beforeAll(async () => {
    const env = { ...SIGN_UP, BERTH_SIGNUP_DEFAULTS: `engine=${engine.name},quota=20` };
    berth = await startBerth({ engine, env });
    ann = await signUp(berth, 'ann@example.org');
    bob = await signUp(berth, 'bob@example.org');
  });
  afterAll(() => berth?.close());

  test('who signs up makes a database, enters it by a login of its team, and is told how much is in it', async () => {
    const { body: created, status } = await ann.call('POST', '/databases', { name: 'mytestdb' });
    expect([status, created]).toEqual([201, { id: expect.any(String), name: 'mytestdb' }]);
    const listed = await isMade(ann, 'mytestdb');
    expect(listed?.id).toBe(created.id);
    const before = listed?.total_space ?? 0;

    const { database, uri } = await shownTo(berth, ann, 'mytestdb');
    expect(before).toBe(database.size_bytes);
    await withSession(engine, uri, async (session) => {
      for (let count = 0; count < 100; count += 1) await session.write('x'.repeat(200));
      const { body } = await berth.call('GET', '/v1/servers');
      const looked = `/v1/servers/${body.data[0].id}/refresh`;
      expect((await berth.call('POST', looked, undefined, { prefer: 'wait=20' })).status).toBe(200);
    });
    const [after] = await ann.list();
    expect(after?.total_space).toBe((await shownTo(berth, ann, 'mytestdb')).database.size_bytes);
    expect(after?.total_space).toBeGreaterThan(before);
  });

  test('names that no server would take, or that it has itself, are databases that open', async () => {
    const names = ['9', '123-456', 'MyTestDB', 'x'.repeat(200), 'admin', 'postgres', 'mysql', 'select'];
    const open = async (name: string) => {
      expect((await ann.call('POST', '/databases', { name })).status).toBe(201);
      await isMade(ann, name);
      const { uri } = await shownTo(berth, ann, name);
      expect(await withSession(engine, uri, (session) => session.write(name).then(() => session.read()))).toEqual([
        name,
      ]);
    };
    await Promise.all(names.map(open));
  });

  test("people see nothing of each other's, by their names, their ids or half of a session", async () => {
    expect(await bob.list()).toEqual([]);
    expect((await bob.call('GET', '/databases/mytestdb/collections')).body).toEqual({ error: 'database not found' });
    expect((await ann.call('GET', '/databases/mytestdb/collections')).body).toEqual([]);
    const mixed = { ...ann.headers, 'x-session-secret': bob.headers['x-session-secret'] ?? '' };
    expect((await berth.call('GET', `${API}/databases`, undefined, mixed)).status).toBe(401);
    expect((await bob.call('POST', '/databases', { name: 'mytestdb' })).status).toBe(201);
    await isMade(bob, 'mytestdb');
    const [his, hers] = [await shownTo(berth, bob, 'mytestdb'), await shownTo(berth, ann, 'mytestdb')];
    expect(his.database.id).not.toBe(hers.database.id);
    await withSession(engine, his.uri, async (session) => {
      await session.write('his');
      expect(await session.read()).toEqual(['his']);
    });
  });

  test('no password and no secret of a session is in any log', () => expectSecret(berth, ann, bob));
});

describe('what could not be made, whatever the engine', () => {
  const worker = 'worker-postgresql';
  let berth: TestBerth;
  let ann: Person;

  beforeAll(async () => {
    berth = await startBerth({ env: SIGN_UP, apps: ['api', worker] }); // maintenance is away
    ann = await signUp(berth, 'ann@example.org');
  });
  afterAll(() => berth?.close());

  test('a create that fails for good is gone by itself and its name free, though worker and API died and maintenance was away', async () => {
    await processOf(berth, worker).stop();
    expect((await ann.call('POST', '/databases', { name: 'doomed' })).status).toBe(201);
    await exhaust(berth);
    const next = await berth.start(worker);
    const stateOf = async () => (await kept(berth, 'doomed'))[0]?.state;
    await eventually(async () => (await stateOf()) === 'failed', { what: 'the create to fail' });
    next.signal('SIGKILL');
    processOf(berth, 'api').signal('SIGKILL');
    await next.ended;
    await Promise.all(['maintenance', 'api'].map((app) => berth.start(app)));
    await eventually(async () => (await kept(berth, 'doomed'))[0]?.accepted === true, {
      what: 'its name to be free',
    });
    expect((await ann.list()).map(({ name }) => name)).not.toContain('doomed');
    await berth.start(worker);
    await eventually(async () => (await stateOf()) === 'deleted', { what: 'what is left of it to go' });

    expect((await ann.call('POST', '/databases', { name: 'doomed' })).status).toBe(201);
    await isMade(ann, 'doomed');
    const { uri } = await shownTo(berth, ann, 'doomed');
    expect(await onPostgresql.refusalOf(uri)).toBeNull();
    expectSecret(berth, ann);
  });
});

/** No log has what these people sign in with, or are known by. */
function expectSecret(berth: TestBerth, ...people: Person[]): void {
  const output = berth.output();
  for (const secret of [PASSWORD, ...people.map(({ headers }) => headers['x-session-secret'])])
    expect(output).not.toContain(secret);
}

/** Waits until the list has it as there. */
function isMade(person: Person, name: string): Promise<Listed | undefined> {
  const find = async () => (await person.list()).find((each) => each.name === name && each.status === 'available');
  return eventually(find, { what: `${name} to be made` });
}

/** Signs up and in, as the product's client does: by the statuses that it looks for. */
async function signUp(berth: TestBerth, email: string): Promise<Person> {
  const nobody = { authorization: '' };
  const user = await berth.call('POST', `${API}/users`, { email, password: PASSWORD }, nobody);
  expect([user.status, user.body]).toEqual([200, { id: expect.any(String), email }]);
  const { body, status } = await berth.call('POST', `${API}/sessions`, { email, password: PASSWORD }, nobody);
  expect([status, body.user]).toEqual([200, expect.objectContaining(user.body)]);
  const headers = { ...nobody, 'x-session-id': body.sessionId, 'x-session-secret': body.sessionSecret };
  const call: Caller = (method, path, sent) => berth.call(method, `${API}${path}`, sent, headers);
  const list = async (): Promise<Listed[]> => (await call('GET', '/databases')).body;
  return { email, call, list, headers };
}

/** Of a database: how the native face shows it to a token of the same team, and a URL that lets in. */
async function shownTo(berth: TestBerth, { email }: Person, name: string) {
  const { data } = (await berth.call('GET', '/v1/accesses?limit=100')).body;
  const { team } = data.find(({ login }: { login: string | null }) => login === email);
  const scopes = ['public', 'credentials'];
  const asked = { name: 'reader', person: email, team, scopes };
  const { body } = await berth.call('POST', '/v1/accesses', asked);
  const get = async (path: string) =>
    (await berth.call('GET', path, undefined, { authorization: `Bearer ${body.token}` })).body;
  const all = (await get('/v1/databases?limit=100')).data;
  const database = all.find((each: { name: string }) => each.name === name);
  const [credential] = (await get(`/v1/databases/${database.id}/credentials`)).data;
  const shown = await get(`/v1/credentials/${credential.id}?reveal=true`);
  return { database, uri: shown.uri };
}

function processOf(berth: TestBerth, app: string): TestProcess {
  const found = berth.processes.findLast((each) => each.output().includes(`"process":"${app}"`));
  if (found === undefined) throw new Error(`${app} does not run`);
  return found;
}

/** As if what waits had been tried as often as it may. */
async function exhaust({ store }: TestBerth): Promise<void> {
  await withClient(store.url, (client) =>
    client.query(`UPDATE actions SET failures = $1 WHERE state = 'queued'`, [FAILURES_MAX]),
  );
}

/** What the store has of databases of this name, newest first. */
async function kept({ store }: TestBerth, name: string): Promise<{ state: string; accepted: boolean }[]> {
  const text = `SELECT state, delete_accepted_at IS NOT NULL AS accepted FROM databases WHERE name = $1 ORDER BY number DESC`;
  return withClient(store.url, async (client) => (await client.query(text, [name])).rows);
}
