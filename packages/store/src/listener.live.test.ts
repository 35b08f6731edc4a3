// Who waits for the end of an action is woken: by the store when it ended, and after every break of the line.
import { eventually } from '@berth/testing';
import { openListener } from './listener';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
  await eventually(isListening, { what: 'the listener to listen' });
});
afterAll(() => street?.close());

const LISTENERS = `FROM pg_stat_activity WHERE application_name = 'berth listener' AND datname = current_database()`;

async function isListening(): Promise<boolean> {
  return (await street.sql(`SELECT ${LISTENERS} AND query ~ '^(LISTEN|NOTIFY)' AND state = 'idle'`)).length === 1;
}

const cut = () => street.sql(`SELECT pg_terminate_backend(pid, 5000) ${LISTENERS}`);

/** Counts the wake-ups of one action; `stop` when done. */
function listen(id: string) {
  const woken = { times: 0, stop: () => {} };
  woken.stop = street.store.listener.onActionEnded(id, () => {
    woken.times += 1;
  });
  return woken;
}

async function running() {
  const action = await street.action((await street.database()).id);
  const claimed = await street.store.actions.claim(action.id, 'worker');
  if (claimed === null) throw new Error('not its turn');
  return claimed;
}

const ENDS: Record<string, () => Promise<{ id: string; end: () => Promise<unknown> }>> = {
  async finish() {
    const action = await running();
    return { id: action.id, end: () => street.store.actions.finish(action) };
  },
  async fail() {
    const action = await running();
    return { id: action.id, end: () => street.store.actions.fail(action, 'internal', 'broke') };
  },
  async cancelHeld() {
    const action = await running();
    return { id: action.id, end: () => street.store.actions.cancelHeld(action) };
  },
  async cancel() {
    const action = await street.action((await street.database()).id);
    return { id: action.id, end: () => street.store.actions.cancel(action.id) };
  },
};

test.each(Object.keys(ENDS))('%s wakes who waits for that action, all of them, and nobody else', async (name) => {
  const { id, end } = (await ENDS[name]?.()) ?? { id: '', end: async () => {} };
  const [one, other, stranger, gone] = [listen(id), listen(id), listen((await running()).id), listen(id)];
  gone.stop();
  await end();
  await eventually(() => one.times === 1 && other.times === 1, { what: 'both to be woken' });
  expect([stranger.times, gone.times]).toEqual([0, 0]);
  for (const each of [one, other, stranger]) each.stop();
});

test('an action that goes on wakes nobody', async () => {
  const action = await running();
  const waiter = listen(action.id);
  await street.store.actions.postpone(action, 0, {
    code: 'server_unreachable',
    message: 'It is away.',
    isCounted: false,
    isUnreached: false,
  });
  await street.store.actions.claim(action.id, 'next');
  const last = await running();
  const marker = listen(last.id);
  await street.store.actions.finish(last); // told after all that was told before
  await eventually(() => marker.times === 1);
  expect(waiter.times).toBe(0);
  for (const each of [waiter, marker]) each.stop();
});

test('an end that is rolled back wakes nobody', async () => {
  const [action, last] = [await running(), await running()];
  const [waiter, marker] = [listen(action.id), listen(last.id)];
  const work = street.store.transaction(async (tx) => {
    await tx.actions.finish(action);
    throw new Error('on second thoughts');
  });
  await expect(work).rejects.toThrow('on second thoughts');
  await street.store.actions.finish(last);
  await eventually(() => marker.times === 1);
  expect(waiter.times).toBe(0);
  for (const each of [waiter, marker]) each.stop();
});

test('a line that is cut is taken up again; everybody who waits is woken, for nothing may have been missed', async () => {
  const action = await running();
  const waiter = listen(action.id);
  expect(await cut()).toHaveLength(1);
  await street.store.actions.finish(action); // nobody hears it
  await eventually(() => waiter.times === 1, { what: 'the waiter to be woken by the reconnection' });
  waiter.stop();
  expect(await isListening()).toBe(true);
  const next = await running();
  const second = listen(next.id);
  await street.store.actions.finish(next);
  await eventually(() => second.times === 1, { what: 'the new line to be heard' });
  second.stop();
});

test('a line that is cut again and again comes back', async () => {
  for (let times = 0; times < 3; times += 1) {
    await eventually(isListening, { what: 'it to listen' });
    expect(await cut()).toHaveLength(1);
  }
  await eventually(isListening, { what: 'it to listen again' });
});

describe('close', () => {
  it('ends at once while the store is not there, connecting or between two tries', async () => {
    const url = new URL(street.testStore.url);
    url.pathname = '/no_such_store';
    const secret = Object.assign(Object.create(street.testStore.secretUrl), { reveal: () => url.href });
    const fresh = openListener(secret);
    await fresh.close();
    const trying = openListener(secret);
    await street.sql('SELECT 1');
    await trying.close();
    await trying.close(); // safe to repeat
  });

  it('leaves no session, and none comes back', async () => {
    const other = openListener(street.testStore.secretUrl);
    await eventually(async () => (await street.sql(`SELECT ${LISTENERS}`)).length === 2);
    await other.close();
    await eventually(async () => (await street.sql(`SELECT ${LISTENERS}`)).length === 1);
  });
});
