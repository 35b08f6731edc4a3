// Whose turn it is: one claim of many, in the order of asking, one running action per database and per credential.
import { eventually } from '@berth/testing';
import { Client } from 'pg';
import type { Action } from './actions';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const claim = (action: Action) => street.store.actions.claim(action.id, 'worker');

test('one of twenty concurrent claims wins, with one event', async () => {
  const action = await street.action((await street.database()).id);
  const since = await street.lastEvent();
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) => street.store.actions.claim(action.id, `worker ${index}`)),
  );
  const won = claims.filter((each) => each !== null);
  expect(won).toHaveLength(1);
  const [row] = await street.sql('SELECT claim, held_by FROM actions WHERE id = $1', [action.id]);
  expect(row).toEqual({ claim: 1, held_by: won[0]?.held_by });
  expect(await street.events(since)).toHaveLength(1);
});

test('one of many actions of a database runs, however many workers claim all of them at once', async () => {
  const database = await street.database();
  const line: Action[] = [];
  for (let index = 0; index < 5; index += 1) line.push(await street.action(database.id));
  const claims = await Promise.all([...line, ...line, ...line].reverse().map(claim));
  expect(claims.filter((each) => each !== null).map((each) => each.id)).toEqual([line[0]?.id]);
});

test('the line moves in the order of asking, whatever way its first one ends', async () => {
  const database = await street.database();
  const [first, second, third, fourth] = [
    await street.action(database.id),
    await street.action(database.id),
    await street.action(database.id),
    await street.action(database.id),
  ];
  expect(await claim(second)).toBeNull();
  const running = await claim(first);
  expect([await claim(first), await claim(second), await claim(third)]).toEqual([null, null, null]);
  if (running !== null) await street.store.actions.finish(running);
  expect(await claim(third)).toBeNull();
  await street.store.actions.cancel(second.id);
  const next = await claim(third);
  expect(next?.state).toBe('running');
  if (next !== null) await street.store.actions.fail(next, 'internal', 'broke');
  expect((await claim(fourth))?.state).toBe('running');
});

test('an action that was put off is not claimed before its time, and keeps its place in the line', async () => {
  const database = await street.database();
  const [first, second] = [await street.action(database.id), await street.action(database.id)];
  const running = await claim(first);
  if (running !== null)
    await street.store.actions.postpone(running, 60_000, {
      code: 'server_unreachable',
      message: 'It is away.',
      isCounted: false,
      isUnreached: false,
    });
  expect([await claim(first), await claim(second)]).toEqual([null, null]);
  await street.sql('UPDATE actions SET not_before = now() WHERE id = $1', [first.id]);
  expect(await claim(second)).toBeNull();
  expect(await claim(first)).toMatchObject({ claim: 2, not_before: null });
});

test('two databases do not wait for each other, nor do actions without a database', async () => {
  const databases = [await street.database(), await street.database()];
  const actions = [
    await street.action(databases[0]?.id ?? ''),
    await street.action(databases[1]?.id ?? ''),
    await street.action(null, { kind: 'server_preflight' }),
    await street.action(null, { kind: 'server_refresh' }),
  ];
  const claims = await Promise.all(actions.map(claim));
  expect(claims.map((each) => each?.state)).toEqual(['running', 'running', 'running', 'running']);
});

test('a login with grants on two databases is worked on for one of them at a time', async () => {
  const [one, other] = [await street.database(), await street.database()];
  const credential = await street.credential(one.id);
  await street.store.credentials.grant(credential, other.id, 'owner');
  const about = { kind: 'credential_reset' as const, credentialId: credential.id };
  const first = await street.action(one.id, about);
  const second = await street.action(other.id, about);
  const unrelated = await street.action(other.id);
  expect(await claim(second)).toBeNull();
  const running = await claim(first);
  expect(running?.state).toBe('running');
  expect(await claim(second)).toBeNull();
  expect(await claim(unrelated)).toBeNull(); // behind the second in the line of its database
  if (running !== null) await street.store.actions.finish(running);
  expect((await claim(second))?.state).toBe('running');
});

test('the schema alone keeps a second one from running, where the look before it came too early', async () => {
  const database = await street.database();
  const [first, second] = [await street.action(database.id), await street.action(database.id)];
  await claim(first);
  const force = street.sql(`UPDATE actions SET state = 'running', held_until = now(), held_by = 'x' WHERE id = $1`, [
    second.id,
  ]);
  await expect(force).rejects.toMatchObject({ constraint: 'actions_one_running_per_database' });
});

test('two claims that both looked before either wrote: one wins, the other is told no and not an error', async () => {
  const database = await street.database();
  const [older, younger] = [await street.action(database.id), await street.action(database.id)];
  const other = new Client({ connectionString: street.testStore.url });
  await other.connect();
  await other.query('BEGIN');
  const sql = `UPDATE actions SET state = 'running', held_until = now() + '30 s', held_by = 'other' WHERE id = $1`;
  await other.query(sql, [younger.id]); // as a worker whose look was before the older one was committed
  const claiming = claim(older);
  const waiting = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`;
  await eventually(async () => (await street.sql(waiting)).length > 0, { what: 'the second to meet the first' });
  await other.query('COMMIT');
  await other.end();
  expect(await claiming).toBeNull();
  expect((await street.store.actions.find(older.id))?.state).toBe('queued');
});

test('a nudge that comes to the worker of another engine claims nothing', async () => {
  const { id } = await street.action((await street.database()).id);
  const { actions } = street.store;
  expect(await actions.claim(id, 'worker', 'mysql')).toBeNull();
  expect((await actions.claim(id, 'worker', 'postgresql'))?.state).toBe('running');
});

test('an unknown id is nobody to claim', async () => {
  expect(await street.store.actions.claim('act_unknown', 'worker')).toBeNull();
});

test('who works on a login keeps out what else would change it, in either database, and nudges it when done', async () => {
  const [one, two] = [await street.database(), await street.database()];
  const login = await street.credential(one.id);
  await street.store.credentials.grant(login, two.id, 'readonly');
  const [onOne, onTwo] = [await street.action(one.id), await street.action(two.id)];
  const reset = await street.action(one.id, { kind: 'credential_reset', credentialId: login.id });
  const running = await claim(onTwo);
  expect([await claim(onOne), await claim(reset)]).toEqual([null, null]);
  if (running !== null) await street.store.actions.finish(running);
  expect((await street.store.actions.nudgeNext(onTwo)).map(({ id }) => id)).toEqual([onOne.id]);
  const next = await claim(onOne);
  expect(next?.state).toBe('running');
  if (next !== null) await street.store.actions.finish(next);
  expect((await claim(reset))?.state).toBe('running');
  expect(await claim(await street.action(two.id))).toBeNull(); // its login's password is being set
  expect((await claim(await street.action((await street.database()).id)))?.state).toBe('running');
});

test('of two databases with one login, claimed at the same moment, one is worked on', async () => {
  for (let round = 1; round <= 20; round += 1) {
    const [one, two] = [await street.database(), await street.database()];
    const login = await street.credential(one.id);
    await street.store.credentials.grant(login, two.id, 'readonly');
    const claims = await Promise.all([await street.action(one.id), await street.action(two.id)].map(claim));
    expect(claims.filter((each) => each !== null)).toHaveLength(1);
  }
});

test('a login that is held for an action which an older version took back is let go', async () => {
  const database = await street.database();
  await street.credential(database.id);
  const action = await street.action(database.id);
  await claim(action);
  await street.store.actions.letStaleCredentialsGo(); // not while it runs
  expect(await street.sql('SELECT FROM held_credentials WHERE action_id = $1', [action.id])).toHaveLength(1);
  await street.sql(`UPDATE actions SET state = 'queued', held_until = NULL, held_by = NULL WHERE id = $1`, [action.id]);
  expect(await claim(action)).toBeNull();
  await street.store.actions.letStaleCredentialsGo();
  expect((await claim(action))?.state).toBe('running');
});

test('a login that left a database is not worked on there any more', async () => {
  const [one, two] = [await street.database(), await street.database()];
  const login = await street.credential(one.id);
  await street.store.credentials.grant(login, two.id, 'readonly');
  const grant = await street.store.grants.find(login.id, two.id);
  await street.store.grants.revoke(grant?.id ?? '');
  expect((await claim(await street.action(one.id)))?.state).toBe('running');
  expect((await claim(await street.action(two.id)))?.state).toBe('running');
});

test('nothing is begun on a server that is offline or was not looked at, but a look at it; it goes on by itself', async () => {
  const serverId = await makeServer(street.store, street.poolId, 'closed');
  const action = await street.action((await street.database({ serverId })).id, { serverId });
  const preflight = await street.action(null, { kind: 'server_preflight', serverId });
  const nudged = async () => (await street.store.actions.nudgeOverdue(100)).map(({ id }) => id);
  await street.sql('UPDATE actions SET nudged_at = NULL WHERE id = $1', [action.id]);
  await street.store.servers.turn(serverId, 'offline');
  expect([await claim(action), await nudged()]).toEqual([null, []]);
  await street.store.servers.turn(serverId, 'active');
  await street.sql(`UPDATE servers SET checked_at = NULL, state = 'unchecked' WHERE id = $1`, [serverId]);
  expect([await claim(action), await nudged()]).toEqual([null, []]);
  expect((await claim(preflight))?.state).toBe('running');
  await street.store.servers.becomeChecked(serverId, {
    identity: 'closed',
    version: '18',
    connectionsMax: 100,
    cannot: [],
  });
  expect(await nudged()).toEqual([action.id]);
  expect((await claim(action))?.state).toBe('running');
});
