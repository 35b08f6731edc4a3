// Who waits for a place at a server: refused and written down, told by whoever frees one, and by maintenance only where
// nobody is at work there.
import type { Action } from './actions';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterEach(() => street.sql('DELETE FROM actions'));
afterAll(() => street?.close());

const newAction = async () => street.action((await street.database()).id);
const claim = (action: Action, full: string[] = []) =>
  street.store.actions.claim(action.id, 'worker', 'postgresql', full);
const set = (action: Action, change: string) => street.sql(`UPDATE actions SET ${change} WHERE id = $1`, [action.id]);
const overdue = async () => (await street.store.actions.nudgeOverdue(100)).map(({ id }) => id);
const next = async (limit = 10) =>
  (await street.store.actions.nudgeCrowded(street.serverId, limit)).map(({ id }) => id);

async function crowdedOut(): Promise<Action> {
  const action = await newAction();
  expect(await claim(action, [street.serverId])).toBeNull();
  expect(await street.store.actions.crowdOut(action.id, [street.serverId])).toBe(street.serverId);
  return action;
}

test('an action of a full server is not claimed, and stays queued; one of another server is, and a preflight', async () => {
  const action = await newAction();
  expect(await claim(action, [street.serverId])).toBeNull();
  expect(await street.store.actions.find(action.id)).toMatchObject({ state: 'queued', claim: 0, crowded_out: false });
  const other = await makeServer(street.store, street.poolId, 'other');
  expect(await claim(action, [other])).toMatchObject({ state: 'running' });
  const preflight = await street.action(null, { kind: 'server_preflight' });
  expect(await claim(preflight, [street.serverId])).toMatchObject({ state: 'running' });
});

test('it is written down for its own server alone, and for what could run: not for a preflight, not for what is put off', async () => {
  const { crowdOut } = street.store.actions;
  const action = await newAction();
  expect(await crowdOut(action.id, ['srv_other'])).toBeNull();
  await set(action, `not_before = now() + interval '5 s'`);
  expect(await crowdOut(action.id, [street.serverId])).toBeNull();
  const preflight = await street.action(null, { kind: 'server_preflight' });
  expect(await crowdOut(preflight.id, [street.serverId])).toBeNull();
  const running = await claim(await newAction());
  expect(await crowdOut(running?.id ?? '', [street.serverId])).toBeNull();
});

test('a free place is told to the oldest, to as many as there are, once; who is claimed waits no more', async () => {
  const waiting = [await crowdedOut(), await crowdedOut(), await crowdedOut()];
  const [first, second, third] = waiting.map(({ id }) => id);
  expect((await next(2)).sort()).toEqual([first, second].sort());
  expect(await next()).toEqual([third]);
  expect(await next()).toEqual([]);
  const again = await crowdedOut();
  expect(await claim(again)).toMatchObject({ crowded_out: false });
});

test('maintenance says nothing while others are at work on that server, and all when nobody is', async () => {
  const atWork = await claim(await newAction());
  const waiting = await crowdedOut();
  await set(waiting, `nudged_at = now() - interval '1 hour'`);
  expect(await overdue()).toEqual([]);
  if (atWork !== null) await street.store.actions.release(atWork);
  expect((await overdue()).sort()).toEqual([waiting.id, atWork?.id].sort());
});

test('what it waits for can be read: the server, and how many are at work there', async () => {
  const waiting = await crowdedOut();
  await claim(await newAction());
  expect(await street.store.actions.findWait(waiting.id)).toMatchObject({ crowd: { name: 'first', count: 1 } });
  expect(await street.store.actions.findWait((await newAction()).id)).toMatchObject({ crowd: null });
});
