// A worker lives as long as it tries the queue, and can serve as long as the queue answers. Ended for a queue that is down, it
// would be started and ended again and again, and no better for it.
import { ACTION_KINDS } from '@berth/core';
import { type Consumer, openConsumer } from '@berth/queue';
import { type Health, openHealth, openMetrics } from '@berth/runtime';
import { eventually, openTestStore, type TestClock, type TestStore, testClock } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import { watchConsumer } from './worker';

let testStore: TestStore;
let clock: TestClock;
let health: Health;
let consumer: Consumer | null = null;
const metrics = openMetrics('worker-postgresql');

beforeAll(async () => {
  testStore = await openTestStore();
  clock = testClock();
  health = openHealth({ isReady: () => true, stopping: new AbortController().signal });
});
afterAll(async () => {
  await consumer?.close();
  await testStore?.close();
});

test('a queue that freezes: it cannot serve, and lives, for it looks on; when it looks no more it is stuck', async () => {
  consumer = openConsumer({
    url: testStore.secretUrl,
    process: 'worker test',
    engine: 'postgresql',
    concurrency: 2,
    clock,
    onError: () => {},
    work: async () => {},
  });
  watchConsumer({ config: { workerConcurrency: 2 }, health, metrics }, consumer);
  await eventually(async () => (await health.serving()).status === 'ready', { what: 'the queue to answer' });
  const first = await metrics.text();
  expect(first).toContain('berth_queue_reachable{process="worker-postgresql"} 1');
  for (const kind of ACTION_KINDS) // what fails for the first time is a rise, by which BerthActionsFail goes
    expect(first).toContain(
      `berth_action_duration_seconds_count{process="worker-postgresql",kind="${kind}",outcome="failed"} 0`,
    );
  await withClient(testStore.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE bullmq.job IN ACCESS EXCLUSIVE MODE');
    const unready = { status: 'unavailable', wrong: { queue: expect.stringContaining('does not answer') } };
    await eventually(async () => (await health.serving()).status === 'unavailable', { what: 'a look in vain' });
    expect(await health.serving()).toEqual(unready);
    expect(await metrics.text()).toContain('berth_queue_reachable{process="worker-postgresql"} 0');
    clock.advance(31_000);
    expect(health.living()).toEqual({ status: 'stuck', wrong: { queue: expect.stringContaining('30 s') } });
    expect(await metrics.text()).toContain('berth_queue_looked_seconds{process="worker-postgresql"} 31');
    await eventually(() => health.living().status === 'alive', { what: 'another look in vain' });
    expect(await health.serving()).toEqual(unready);
    await client.query('ROLLBACK');
  });
  await eventually(async () => (await health.serving()).status === 'ready', { what: 'the queue to answer again' });
}, 60_000);
