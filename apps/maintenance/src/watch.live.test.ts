// A duty that hangs makes maintenance stuck, by its name; one that fails does not, for it is tried again. What waits is told.
import { type OpenedContext, watchMeans } from '@berth/actions';
import { Secret } from '@berth/core';
import { type Health, openHealth, openLog, openMetrics, openWatchDoor, readConfig } from '@berth/runtime';
import { openStore } from '@berth/store';
import { eventually, testClock } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { startSchedule } from './schedule';
import { watchFigures } from './watch';

const FROM_STORE = [
  'berth_actions_open',
  'berth_actions_waiting_oldest_seconds',
  'berth_events_lag_seconds',
  'berth_databases',
];

let journey: Journey;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

/** Maintenance in this process, by a clock that obeys. */
function maintain(change: Partial<OpenedContext> = {}) {
  const stopping = new AbortController();
  const clock = testClock(new Date());
  const health: Health = openHealth({ isReady: () => true, stopping: stopping.signal });
  const metrics = openMetrics('maintenance');
  const own = { BERTH_SWEEP_INTERVAL_MS: '50', BERTH_REFRESH_INTERVAL_MINUTES: '0' };
  const environment = { BERTH_STORE_URL: journey.storeUrl, BERTH_KEYS: 'unused', ...own };
  const context = { ...journey.context, clock, config: readConfig(environment), health, metrics, ...change };
  const closers: (() => Promise<void>)[] = [];
  startSchedule(context, {
    onStop: (_name, close) => void closers.push(close),
    stopping: stopping.signal,
    announceReady: () => {},
    isReady: () => true,
    note: () => {},
  });
  const stop = async () => {
    stopping.abort();
    for (const close of closers) await close();
  };
  return { clock, health, metrics, stop };
}

test('duties that hang are named; when they end, all is well', async () => {
  const { clock, health, metrics, stop } = maintain();
  await eventually(async () => /duty_duration_seconds_count\{.*sweep_actions/.test(await metrics.text()), {
    what: 'a sweep',
  });
  expect(health.living()).toEqual({ status: 'alive', wrong: {} });
  await withClient(journey.storeUrl, async (client) => {
    await client.query('BEGIN; LOCK TABLE actions IN ACCESS EXCLUSIVE MODE');
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'actions'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await eventually(async () => (await client.query(waiting)).rows.length === 2, { what: 'two duties to hang' });
    clock.advance(119_000);
    expect(health.living().status).toBe('alive');
    clock.advance(2_000);
    const stuck = expect.stringContaining('No run');
    expect(health.living()).toEqual({ status: 'stuck', wrong: { clean_up_never_made: stuck, sweep_actions: stuck } });
    await client.query('ROLLBACK');
  });
  await eventually(() => health.living().status === 'alive', { what: 'the duties to end' });
  await stop();
});

test('a duty that fails is counted, has had no success since the start, and lives', async () => {
  const broken = Object.create(journey.context.store, {
    exclusively: { value: () => Promise.reject(new Error('broken')) },
  });
  const { clock, health, metrics, stop } = maintain({ store: broken });
  const startedAt = clock.now().getTime() / 1_000;
  const failed =
    /berth_duty_duration_seconds_count\{process="maintenance",duty="sweep_actions",outcome="failed"\} (\d+)/;
  const failures = async () => Number(failed.exec(await metrics.text())?.[1]);
  for (const _ of [1, 2]) {
    const before = await failures();
    await eventually(async () => (await failures()) > before + 1, { what: 'sweeps to fail' });
    clock.advance(100_000); // twice is more than it may be without a run
  }
  expect(health.living().wrong).not.toHaveProperty('sweep_actions');
  const success = /^berth_duty_last_success_timestamp_seconds\{duty="sweep_actions",[^}]*\} (\S+)$/m;
  expect(Number(success.exec(await metrics.text())?.[1])).toBe(startedAt); // so that BerthDutyLate counts from there
  await stop();
});

test('what waits is told by engine and server, what there is by state, and when a duty last ended well', async () => {
  const action = await journey.requestDatabase(`watched_${process.pid}`);
  await withClient(journey.storeUrl, (client) =>
    client.query(`UPDATE actions SET created_at = now() - interval '10 minutes' WHERE id = $1`, [action.id]),
  );
  const { clock, metrics, stop } = maintain();
  const success = /^berth_duty_last_success_timestamp_seconds\{duty="sweep_actions",process="maintenance"\} (\S+)$/m;
  await eventually(async () => success.test(await metrics.text()), { what: 'a sweep' });
  const text = await metrics.text();
  const labels = 'engine="postgresql",server="tenants"';
  expect(text).toContain(`berth_actions_open{${labels},state="queued",process="maintenance"} 1`);
  expect(text).toContain(`berth_actions_open{${labels},state="running",process="maintenance"} 0`);
  const oldest = new RegExp(`^berth_actions_waiting_oldest_seconds{${labels},process="maintenance"} (\\S+)$`, 'm').exec(
    text,
  );
  expect(Number(oldest?.[1])).toBeGreaterThanOrEqual(600);
  expect(Number(oldest?.[1])).toBeLessThan(700);
  expect(text).toContain('berth_databases{engine="postgresql",state="creating",process="maintenance"} 1');
  expect(Number(success.exec(text)?.[1])).toBeCloseTo(clock.now().getTime() / 1_000, 0);
  expect(text).not.toContain(`watched_${process.pid}`);
  await stop();
});

test('for how long events are held back by a transaction that nobody ends is told', async () => {
  const { metrics, stop } = maintain();
  const lag = async () =>
    Number(/^berth_events_lag_seconds\{process="maintenance"\} (\S+)$/m.exec(await metrics.text())?.[1]);
  await withClient(journey.storeUrl, async (client) => {
    await client.query('BEGIN; SELECT pg_current_xact_id()');
    await journey.requestDatabase(`held_back_${process.pid}`);
    await eventually(async () => (await lag()) > 0.5, { what: 'the lag to grow' });
    await client.query('ROLLBACK');
  });
  await eventually(async () => (await lag()) === 0, { what: 'the events to be readable' });
  await stop();
});

test('while the store is down, what is read from it is left out and counted, and all else is told', async () => {
  const store = openStore({ url: new Secret('postgres://a:b@127.0.0.1:1/x'), connectionsMax: 2, process: 'watched' });
  const { clock } = journey.context;
  const health = openHealth({ isReady: () => true, stopping: new AbortController().signal });
  const metrics = openMetrics('maintenance');
  watchFigures({ clock, health, metrics, store });
  watchMeans({ health, metrics }, { clock, sender: journey.context.sender, store });
  const log = openLog('maintenance', 'silent');
  const door = await openWatchDoor({ host: '127.0.0.1', port: 0, health, log, metrics });
  const answer = await fetch(`${door.url}/metrics`);
  const text = await answer.text();
  await door.close();
  await store.close();
  expect(answer.status).toBe(200);
  for (const name of FROM_STORE) {
    expect(text).toContain(`berth_metrics_left_out_total{metric="${name}",process="maintenance"} 1\n`);
    expect(text).not.toMatch(new RegExp(`^${name}[{ ]`, 'm'));
  }
  expect(text).toContain('berth_store_up{process="maintenance"} 0');
  expect(text).toContain('berth_queue_reachable{process="maintenance"}');
  expect(text).toContain('berth_build_info{');
});
