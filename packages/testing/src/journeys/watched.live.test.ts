// A whole Berth as those who look after it see it: every process tells its metrics and its health on a door of its own, and
// nothing there is a secret or a tenant's.
import { METRICS, type MetricSpec } from '@berth/runtime';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';

let berth: TestBerth;
let database: Answer;
/** By the name that each tells of itself: they were started at once. */
const doors = new Map<string, string>();

beforeAll(async () => {
  berth = await startBerth({ env: { BERTH_METRICS_PORT: '0' } });
  const asked = { name: 'tenants_word', engine: 'postgresql' };
  database = await berth.call('POST', '/v1/databases', asked, { prefer: 'wait=20' });
  for (const { metricsUrl } of berth.processes) {
    const text = await (await fetch(`${metricsUrl}/metrics`)).text();
    doors.set(/^berth_build_info\{.*process="([\w-]+)"\} 1$/m.exec(text)?.[1] ?? '', metricsUrl ?? '');
  }
}, 120_000);
afterAll(() => berth?.close());

const APPS = ['api', 'worker-postgresql', 'maintenance'];
const specs: [string, MetricSpec][] = Object.entries(METRICS);

/** What a process answers on its own door. */
async function ask(app: string, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${doors.get(app)}${path}`);
  return { status: answer.status, text: await answer.text() };
}

const metricsOf = async (app: string) => (await ask(app, '/metrics')).text;

test.each(APPS)('%s lives, is ready, and serves every metric that is its own', async (app) => {
  expect(database.body.action.state).toBe('succeeded');
  expect(await ask(app, '/healthz')).toEqual({ status: 200, text: '{"status":"alive","wrong":{}}\n' });
  expect(await ask(app, '/readyz')).toEqual({ status: 200, text: '{"status":"ready","wrong":{}}\n' });
  const text = await metricsOf(app);
  const own = specs.filter(([, { by }]) => by.some((watched) => app.startsWith(watched))).map(([name]) => name);
  expect(own.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
  expect(text).toContain('# TYPE nodejs_eventloop_lag_p99_seconds gauge');
  for (const name of ['process_resident_memory_bytes', 'berth_store_up', 'berth_queue_reachable']) {
    expect(text).toMatch(new RegExp(`^${name}\\{process="${app}"\\} [1-9]`, 'm'));
  }
});

test('what was asked, done and measured is in them', async () => {
  const [api, worker] = [await metricsOf('api'), await metricsOf('worker-postgresql')];
  expect(api).toMatch(
    /^berth_http_request_duration_seconds_count\{process="api",dialect="native",route="\/v1\/databases",method="POST",status="2xx"\} 1$/m,
  );
  expect(api).toMatch(/^berth_nudges_total\{outcome="sent",process="api"\} [12]$/m);
  const ended =
    'berth_actions_ended_total{kind="database_create",outcome="succeeded",code="",process="worker-postgresql"} 1';
  expect(worker).toContain(ended);
  const { steps } = database.body.action;
  expect(steps.length).toBeGreaterThan(2);
  for (const { name } of steps) {
    const labels = `process="worker-postgresql",kind="database_create",step="${name}",outcome="succeeded"`;
    expect(worker).toContain(`berth_step_duration_seconds_count{${labels}} 1`);
  }
  expect(worker).toMatch(/^berth_action_pickup_seconds_count\{.*kind="database_create"\} 1$/m);
  expect(worker).toMatch(/^berth_queue_looked_seconds\{.*\} [0-9.]+$/m);
  const swept = /berth_duty_duration_seconds_count\{.*duty="sweep_actions",outcome="succeeded"\} [1-9]/;
  await eventually(async () => swept.test(await metricsOf('maintenance')), { what: 'a sweep to be counted' });
  const maintenance = await metricsOf('maintenance');
  expect(maintenance).toContain('berth_databases{engine="postgresql",state="available",process="maintenance"} 1');
  expect(maintenance).toContain(
    'berth_actions_open{engine="postgresql",server="first",state="queued",process="maintenance"} 0',
  );
});

test('no id, no name of a tenant and no secret is in them, and nobody comes to them by the door of tenants', async () => {
  const admin = new URL(berth.postgresql.url().reveal());
  const all = (await Promise.all(APPS.map(metricsOf))).join('');
  expect(all).not.toContain(berth.token.reveal());
  expect(all).not.toContain(admin.password);
  expect(all).not.toMatch(/tenants_word|(act|db|cred|team|srv)_[0-9a-z]{10}/);
  expect((await berth.call('GET', '/metrics')).status).toBe(404);
});

test('without BERTH_METRICS_PORT nothing listens; a port that is taken ends the start, and says which variable', async () => {
  const silent = await berth.start('maintenance', { BERTH_METRICS_PORT: '' });
  expect(silent.metricsUrl).toBeNull();
  await silent.stop();
  const taken = new URL(doors.get('api') ?? '').port;
  await expect(berth.start('maintenance', { BERTH_METRICS_PORT: taken })).rejects.toThrow(/BERTH_METRICS_PORT/);
});
