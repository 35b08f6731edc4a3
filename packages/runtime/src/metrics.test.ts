// Metrics are read when somebody asks, hold no value that is not of now, and break nothing that they measure.
import { type Metrics, openMetrics } from './metrics';
import { METRICS, type MetricName, type MetricSpec } from './metrics-table';

const specs: [string, MetricSpec][] = Object.entries(METRICS);

/** The lines of this metric, without its head. */
const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

test('counts, times and sets; every series says which process it is of', async () => {
  const metrics = openMetrics('worker-postgresql');
  metrics.count('berth_claims_lost_total', { kind: 'database_create' });
  metrics.count('berth_claims_lost_total', { kind: 'database_create' }, 2);
  metrics.set('berth_worker_concurrency', {}, 4);
  metrics.observe('berth_action_pickup_seconds', { kind: 'database_create' }, 0.2);
  const text = await metrics.text();
  expect(linesOf(text, 'berth_claims_lost_total')).toEqual([
    'berth_claims_lost_total{kind="database_create",process="worker-postgresql"} 3',
  ]);
  expect(linesOf(text, 'berth_worker_concurrency')).toEqual([
    'berth_worker_concurrency{process="worker-postgresql"} 4',
  ]);
  expect(text).toContain(
    'berth_action_pickup_seconds_bucket{le="0.25",process="worker-postgresql",kind="database_create"} 1',
  );
  expect(text).toContain(
    'berth_action_pickup_seconds_bucket{le="0.1",process="worker-postgresql",kind="database_create"} 0',
  );
  expect(text).toMatch(/^berth_build_info\{version="\d+\.\d+\.\d+[^"]*",process="worker-postgresql"\} 1$/m);
});

test.each([
  ['api', 'api'],
  ['worker-postgresql', 'worker'],
  ['maintenance', 'maintenance'],
] as const)(
  '%s has those that the table gives it, before anything has happened, and no other',
  async (process, watched) => {
    const text = await openMetrics(process).text();
    const served = [...text.matchAll(/^# TYPE (berth_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
    const expected = specs.filter(([, { by }]) => by.includes(watched)).map(([name, { type }]) => [name, type]);
    expect(served).toEqual(expected);
  },
);

test('what is expected is there as 0 before it happens', async () => {
  const metrics = openMetrics('maintenance');
  metrics.expect('berth_forget_failures_total', { what: 'events' });
  metrics.expect('berth_duty_duration_seconds', { duty: 'reseal', outcome: 'failed' });
  const text = await metrics.text();
  expect(text).toContain('berth_forget_failures_total{what="events",process="maintenance"} 0');
  expect(text).toContain('berth_duty_duration_seconds_count{process="maintenance",duty="reseal",outcome="failed"} 0');
});

test('to expect is safe to repeat, before and after it counted', async () => {
  const metrics = openMetrics('maintenance');
  const labels = { duty: 'reseal', outcome: 'failed' };
  metrics.expect('berth_duty_duration_seconds', labels);
  metrics.observe('berth_duty_duration_seconds', labels, 1);
  metrics.expect('berth_duty_duration_seconds', labels);
  metrics.observe('berth_duty_duration_seconds', { ...labels, duty: 'purge_quarantined' }, 1);
  metrics.expect('berth_duty_duration_seconds', { outcome: 'failed', duty: 'purge_quarantined' });
  const text = await metrics.text();
  for (const duty of ['reseal', 'purge_quarantined'])
    expect(text).toContain(
      `berth_duty_duration_seconds_count{process="maintenance",duty="${duty}",outcome="failed"} 1`,
    );
});

test.each([
  [
    'a count',
    'berth_sweep_nudged_total',
    (metrics: Metrics, by: number) => metrics.count('berth_sweep_nudged_total', {}, by),
  ],
  [
    'a time',
    'berth_duty_duration_seconds',
    (metrics: Metrics, by: number) =>
      metrics.observe('berth_duty_duration_seconds', { duty: 'reseal', outcome: 'failed' }, by),
  ],
] as const)(
  '%s that is no number, or less than nothing, breaks nobody and spoils nothing',
  async (_what, name, note) => {
    const metrics = openMetrics('maintenance');
    note(metrics, 2);
    for (const by of [Number.NaN, -1, Number.POSITIVE_INFINITY]) expect(() => note(metrics, by)).not.toThrow();
    const text = await metrics.text();
    expect(text).toContain(`berth_metrics_left_out_total{metric="${name}",process="maintenance"} 3`);
    expect(linesOf(text, `${name}${name.endsWith('_seconds') ? '_sum' : ''}`)).toEqual([expect.stringMatching(/ 2$/)]);
  },
);

test('two processes in one program share nothing', async () => {
  const [first, second] = [openMetrics('maintenance'), openMetrics('maintenance')];
  first.count('berth_sweep_nudged_total', {});
  expect(linesOf(await second.text(), 'berth_sweep_nudged_total')).toEqual([
    'berth_sweep_nudged_total{process="maintenance"} 0',
  ]);
});

test('a gauge that is collected holds what was read for this answer, and nothing of the one before', async () => {
  const metrics = openMetrics('maintenance');
  let samples = [{ labels: { engine: 'postgresql', server: 'old' }, value: 5 }];
  metrics.collect('berth_actions_waiting_oldest_seconds', () => samples);
  expect(await metrics.text()).toContain('server="old"');
  samples = [{ labels: { engine: 'postgresql', server: 'new' }, value: 1 }];
  expect(linesOf(await metrics.text(), 'berth_actions_waiting_oldest_seconds')).toEqual([
    'berth_actions_waiting_oldest_seconds{engine="postgresql",server="new",process="maintenance"} 1',
  ]);
});

test.each([
  ['throws', () => Promise.reject(new Error('down'))],
  [
    'throws at once',
    () => {
      throw new Error('down');
    },
  ],
  ['hangs', () => new Promise<never>(() => {})],
])('a reading that %s is left out and counted, and the rest is answered', async (_how, broken) => {
  const metrics = openMetrics('api');
  metrics.collect('berth_queue_reachable', () => [{ labels: {}, value: 1 }]);
  metrics.collect('berth_store_up', () => [{ labels: {}, value: 1 }]);
  expect(await metrics.text()).toContain('berth_metrics_left_out_total{metric="berth_store_up",process="api"} 0');
  expect(linesOf(await metrics.text(), 'berth_store_up')).toEqual(['berth_store_up{process="api"} 1']);
  metrics.collect('berth_event_streams_open', () => [{ labels: {}, value: 7 }]);
  metrics.collect('berth_store_connections', () => [{ labels: { state: 'idle' }, value: 2 }]);
  expect(linesOf(await metrics.text(), 'berth_store_connections')).toHaveLength(1);
  metrics.collect('berth_store_connections', broken); // one with labels has no series to take away by none
  metrics.collect('berth_store_up', broken);
  const text = await metrics.text();
  expect(linesOf(text, 'berth_store_up')).toEqual([]);
  expect(linesOf(text, 'berth_store_connections')).toEqual([]);
  expect(linesOf(text, 'berth_event_streams_open')).toEqual(['berth_event_streams_open{process="api"} 7']);
  expect(text).toContain('berth_metrics_left_out_total{metric="berth_store_connections",process="api"} 1');
  expect(linesOf(text, 'berth_queue_reachable')).toEqual(['berth_queue_reachable{process="api"} 1']);
  expect(text).toContain('berth_metrics_left_out_total{metric="berth_store_up",process="api"} 1');
});

test('of a reading that breaks in the middle nothing is told', async () => {
  const metrics = openMetrics('api');
  metrics.collect('berth_store_connections', () => [
    { labels: { state: 'idle' }, value: 2 },
    { labels: { state: 'in_use' }, value: JSON.parse('null') },
  ]);
  const text = await metrics.text();
  expect(linesOf(text, 'berth_store_connections')).toEqual([]);
  expect(text).toContain('berth_metrics_left_out_total{metric="berth_store_connections",process="api"} 1');
});

test('asked by many at once it reads once', async () => {
  const metrics = openMetrics('api');
  let reads = 0;
  metrics.collect('berth_store_up', async () => {
    reads += 1;
    return [{ labels: {}, value: 1 }];
  });
  const texts = await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
  expect([reads, new Set(texts).size]).toEqual([1, 1]);
  await metrics.text();
  expect(reads).toBe(2);
});

test('the table keeps to the conventions: what only grows is a total, what is timed is in seconds, no label is an id', () => {
  for (const [name, { type, labels, buckets, help, by }] of specs) {
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    if (type === 'histogram') expect([name, name.endsWith('_seconds')]).toEqual([name, true]);
    expect([name, buckets !== undefined]).toEqual([name, type === 'histogram']);
    expect([
      name,
      labels.filter((label) => /(^|_)(id|team|database|credential|login|user|name|process)$/.test(label)),
    ]).toEqual([name, []]);
    expect(help).toMatch(/^[A-Z1].*\.$/);
    expect(by.length).toBeGreaterThan(0);
  }
  const name: MetricName = 'berth_build_info';
  expect(METRICS[name].type).toBe('gauge');
});
