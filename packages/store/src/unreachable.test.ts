// A store that is down, gone or lost in the middle is told from one that refuses.
import { createServer } from 'node:net';
import { Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import { Client } from 'pg';
import { openStore, type Store } from './store';
import { isStoreUnreachable } from './unreachable';

/** What each way of asking the store throws. */
async function errorsOf(store: Store): Promise<unknown[]> {
  const asked = [
    store.ping(),
    store.accesses.find('x'),
    store.transaction(async (tx) => void (await tx.accesses.find('x'))),
  ];
  return (await Promise.allSettled(asked)).map((each) => (each.status === 'rejected' ? each.reason : null));
}

async function expectUnreachable(url: string): Promise<void> {
  const store = openStore({ url: new Secret(url), connectionsMax: 2, process: 'test' });
  const errors = await errorsOf(store);
  await store.close();
  expect(errors.map(isStoreUnreachable)).toEqual([true, true, true]);
}

test('nobody listens, the database is not there, the password is wrong', async () => {
  const testStore = await openTestStore();
  const url = new URL(testStore.url);
  await testStore.close();
  await expectUnreachable(url.href);
  url.pathname = '/postgres';
  url.password = 'wrong';
  await expectUnreachable(url.href);
  await expectUnreachable('postgres://a:b@127.0.0.1:1/x');
});

test('somebody listens and hangs up', async () => {
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await expectUnreachable(`postgres://a:b@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/x`);
  await new Promise((resolve) => server.close(resolve));
});

test('the session is ended in the middle of a transaction', async () => {
  const testStore = await openTestStore();
  const store = openStore({ url: testStore.secretUrl, connectionsMax: 2, process: 'cut' });
  const cut = store.transaction(async (tx) => {
    await tx.accesses.find('x');
    const client = new Client({ connectionString: testStore.url });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'berth cut'`,
    );
    await client.end();
    await tx.accesses.find('x');
  });
  const error = await cut.catch((thrown: unknown) => thrown);
  expect(isStoreUnreachable(error)).toBe(true);
  await store.close();
  await testStore.close();
});

test('a refusal is none', async () => {
  const testStore = await openTestStore();
  const store = openStore({ url: testStore.secretUrl, connectionsMax: 2, process: 'test' });
  const server = { id: 'srv_1', name: 'a', engine: 'postgresql', poolId: 'nowhere', host: 'h', port: 1 };
  const refused = store.servers.insert({ ...server, tls: 'disable', adminSealed: 'x', sizeBytesMax: null });
  const error = await refused.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect([isStoreUnreachable(error), isStoreUnreachable(null), isStoreUnreachable('x')]).toEqual([false, false, false]);
  await store.close();
  await testStore.close();
});
