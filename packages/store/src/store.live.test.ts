// Transactions, and the one who may while others may not.
import { eventually, openTestStore } from '@berth/testing';
import { Client } from 'pg';
import { openStore } from './store';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

/** A promise, and the hand that fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('exclusively', () => {
  it('runs one at a time: the second gets false at once, also in another process', async () => {
    const other = openStore({ url: street.testStore.secretUrl, connectionsMax: 2, process: 'other' });
    const [begun, end] = [gate(), gate()];
    const first = street.store.exclusively('duty', async () => {
      begun.open();
      await end.opened;
    });
    await begun.opened;
    const never = jest.fn();
    expect(await street.store.exclusively('duty', never)).toBe(false);
    expect(await other.exclusively('duty', never)).toBe(false);
    expect(never).not.toHaveBeenCalled();
    expect(await other.exclusively('another duty', async () => {})).toBe(true);
    end.open();
    expect(await first).toBe(true);
    expect(await other.exclusively('duty', async () => {})).toBe(true);
    await other.close();
  });

  it('tells those who follow the events of what it raised', async () => {
    const { id } = await street.action((await street.database()).id);
    const tellers = async () => {
      const sql = `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'berth listener' AND query ~ '^LISTEN|^NOTIFY' AND state = 'idle'`;
      return (await street.sql(sql)).map(({ pid }) => Number(pid));
    };
    const before = await eventually(async () => (await tellers()).length === 1 && tellers(), { what: 'the first' });
    const other = openStore({ url: street.testStore.secretUrl, connectionsMax: 2, process: 'other' });
    const own = await eventually(async () => (await tellers()).find((pid) => !before.includes(pid)), {
      what: 'its line',
    });
    const heard: number[] = [];
    const client = new Client({ connectionString: street.testStore.url });
    client.on('notification', ({ processId }) => heard.push(processId));
    await client.connect();
    await client.query('LISTEN berth_events');
    await other.exclusively('duty', async (tx) => {
      await tx.actions.claim(id, 'a worker');
    });
    await eventually(() => heard.includes(own), { what: 'the word' });
    await client.end();
    await other.close();
  });

  it('gives the lock back when the work throws, with what it wrote undone', async () => {
    const work = street.store.exclusively('duty', async (tx) => {
      await tx.catalog.ensureTeam('never');
      throw new Error('it broke');
    });
    await expect(work).rejects.toThrow('it broke');
    expect(await street.store.catalog.findTeam('never')).toBeNull();
    expect(await street.store.exclusively('duty', async () => {})).toBe(true);
  });

  it('gives the lock back when its session is lost', async () => {
    const work = street.store.exclusively('duty', async (tx) => {
      await street.sql(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND datname = current_database()`,
      );
      await tx.catalog.findTeam('any');
    });
    await expect(work).rejects.toThrow();
    expect(await street.store.exclusively('duty', async () => {})).toBe(true);
  });
});

test('of two transactions that wait for each other both end well', async () => {
  const [one, other] = [await street.database(), await street.database()];
  let first = 0;
  let waiting = 2;
  let meet = () => {};
  const met = new Promise<void>((resolve) => {
    meet = resolve;
  });
  const lockBoth = (ids: string[]) =>
    street.store.transaction(async (tx) => {
      first += 1;
      await tx.databases.lock(ids[0] ?? '');
      waiting -= 1;
      if (waiting === 0) meet();
      await met;
      await tx.databases.lock(ids[1] ?? '');
    });
  await Promise.all([lockBoth([one.id, other.id]), lockBoth([other.id, one.id])]);
  expect(first).toBeGreaterThan(2); // one of them was ended by the store, and ran again; twice, if it met the other once more
});

test('a transaction that throws leaves nothing', async () => {
  const work = street.store.transaction(async (tx) => {
    await tx.catalog.ensureTeam('gone');
    throw new Error('it broke');
  });
  await expect(work).rejects.toThrow('it broke');
  expect(await street.store.catalog.findTeam('gone')).toBeNull();
});

test('more transactions than connections stand in line', async () => {
  const store = openStore({ url: street.testStore.secretUrl, connectionsMax: 2, process: 'few' });
  const names = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  await Promise.all(names.map((name) => store.transaction(async (tx) => void (await tx.catalog.ensureTeam(name)))));
  expect(await Promise.all(names.map((name) => store.catalog.findTeam(name)))).not.toContain(null);
  await store.close();
});

test('two stores of one server have one identity', async () => {
  const other = await openTestStore();
  const store = openStore({ url: other.secretUrl, connectionsMax: 1, process: 'other' });
  expect(await store.identity()).toMatch(/^\d+$/);
  expect(await store.identity()).toBe(await street.store.identity());
  await store.close();
  await other.close();
});

test('close leaves no session', async () => {
  const store = openStore({ url: street.testStore.secretUrl, connectionsMax: 2, process: 'closing' });
  await store.ping();
  await store.close();
  const sql = `SELECT FROM pg_stat_activity WHERE application_name = 'berth closing'`;
  await eventually(async () => (await street.sql(sql)).length === 0, { what: 'its sessions to end' });
});
