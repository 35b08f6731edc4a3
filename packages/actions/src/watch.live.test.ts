// A store whose connections are all in use is not one that is down: a burst takes no process out of service.
import { systemClock } from '@berth/core';
import { openSender } from '@berth/queue';
import { openHealth, openMetrics } from '@berth/runtime';
import { openStore } from '@berth/store';
import { eventually, openTestStore } from '@berth/testing';
import { watchMeans } from './watch';

test('while all connections are in use it is degraded, as long as one was answered lately; a look is shared', async () => {
  const testStore = await openTestStore();
  const store = openStore({ url: testStore.secretUrl, connectionsMax: 2, process: 'watched' });
  let pings = 0;
  const ping = () => {
    pings += 1;
    return store.ping();
  };
  const sender = openSender({ url: testStore.secretUrl, process: 'watched', onError: () => {} }); // nothing is sent
  let laterMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs };
  const health = openHealth({ isReady: () => true, stopping: new AbortController().signal });
  const metrics = openMetrics('api');
  watchMeans({ health, metrics }, { clock, sender, store: { ...store, ping } });
  const look = async () => {
    const [report, again, text] = await Promise.all([health.serving(), health.serving(), metrics.text()]);
    expect(again).toEqual(report);
    return { ...report, up: /^berth_store_up\{.*\} (\d)$/m.exec(text)?.[1] };
  };
  for (const _ of ['before its first connection', 'after']) {
    const text = await metrics.text();
    for (const state of ['in_use', 'waiting']) // the scrape's own word is none of them
      expect(text).toContain(`berth_store_connections{state="${state}",process="api"} 0`);
  }
  pings = 0;
  expect(await look()).toEqual({ status: 'ready', wrong: {}, up: '1' });
  expect(pings).toBe(1);
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const holders = [1, 2].map(() => store.transaction(() => held));
  await eventually(() => store.connections().inUse === 2, { what: 'all connections to be in use' });
  const crowded = { status: 'degraded', wrong: { store: expect.stringContaining('are in use') }, up: '1' };
  expect(await look()).toEqual(crowded);
  laterMs = 15_000;
  expect(await look()).toEqual({ status: 'unavailable', wrong: { store: 'The store does not answer.' }, up: '0' });
  expect(pings).toBe(3);
  letGo();
  await Promise.all(holders);
  expect((await look()).status).toBe('ready');
  await sender.close();
  await store.close();
  await testStore.close(); // the store is gone: each query is refused from now on
  laterMs = 0;
  expect(await look()).toMatchObject({ status: 'unavailable', up: '0' });
});
