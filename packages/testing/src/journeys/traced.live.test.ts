// One trace from a request to the statements on the tenants' server, through the queue; and nothing in it that is a tenant's or a
// secret. Without a collector nothing is slower, and without being asked nothing is loaded.
import { join } from 'node:path';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { ROOT } from '../house/source-files';
import { withClient } from '../journey';
import { type OtlpReceiver, openOtlpReceiver, type ReceivedSpan } from '../otlp-receiver';

let receiver: OtlpReceiver;
let berth: TestBerth;
let made: Answer;
/** Says at the end of a process what it had loaded. */
const NODE_OPTIONS = `--require ${join(ROOT, 'packages/testing/fixtures/loaded-modules.cjs')}`;
const SEND = { prefer: 'wait=20' };
const CALLERS_TRACE = '0af7651916cd43dd8448eb211c80319c';

beforeAll(async () => {
  receiver = await openOtlpReceiver();
  const headers = 'x-collector-key=collector%20secret';
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_HEADERS: headers, NODE_OPTIONS };
  berth = await startBerth({ env });
  const traceparent = `00-${CALLERS_TRACE}-b7ad6b7169203331-01`;
  made = await berth.call(
    'POST',
    '/v1/databases',
    { name: 'tenants_word', engine: 'postgresql' },
    { ...SEND, traceparent },
  );
}, 120_000);
afterAll(async () => {
  await berth?.close();
  await receiver?.close();
});

const server = () => receiver.spans.find(({ name }) => name === 'POST /v1/databases');
const ofTrace = (traceId = server()?.traceId) => receiver.spans.filter((span) => span.traceId === traceId);

/** Names from a span up to the first of its trace. */
function lineOf(span: ReceivedSpan | undefined): string[] {
  if (span === undefined) return [];
  return [
    `${span.service}: ${span.name}`,
    ...lineOf(receiver.spans.find(({ spanId }) => spanId === span.parentSpanId)),
  ];
}

test('from the statement on the server back to the request, step by step, through both processes', async () => {
  expect(made.body.action.state).toBe('succeeded');
  const last = () => ofTrace().find(({ name }) => name === 'action database_create');
  await eventually(() => server() !== undefined && last() !== undefined, { what: 'the spans to come' });
  const statement = ofTrace().find(({ name }) => name === 'CREATE DATABASE');
  const step = lineOf(statement)[1];
  expect(step).toMatch(/^berth-worker-postgresql: step \w+$/);
  expect(lineOf(statement)).toEqual([
    'berth-worker-postgresql: CREATE DATABASE',
    step,
    'berth-worker-postgresql: action database_create',
    'berth-worker-postgresql: take nudge',
    'berth-api: nudge',
    'berth-api: POST /v1/databases',
  ]);
  expect(lineOf(ofTrace().find(({ name }) => name === 'request database_create'))[1]).toBe(
    'berth-api: POST /v1/databases',
  );
  expect(statement).toMatchObject({ kind: 3, attributes: { 'db.system.name': 'postgresql' } });
  expect(last()?.attributes).toMatchObject({
    'berth.action.id': made.body.action.id,
    'berth.action.outcome': 'succeeded',
  });
  const steps = ofTrace().flatMap(({ name }) => (name.startsWith('step ') ? [name.slice('step '.length)] : []));
  expect(steps.sort()).toEqual(made.body.action.steps.map(({ name }: { name: string }) => name).sort());
  expect(ofTrace().map(({ name }) => name)).toEqual(expect.arrayContaining(['connect', 'CREATE ROLE', 'GRANT']));
});

test("a caller's own trace is linked, and not gone on with", () => {
  expect(server()?.traceId).not.toBe(CALLERS_TRACE);
  expect(server()?.parentSpanId).toBe('');
  expect(server()?.links).toMatchObject([{ traceId: CALLERS_TRACE }]);
});

test('log lines name the trace they belong to', async () => {
  const lines = berth
    .output()
    .split('\n')
    .filter((line) => line.includes(made.body.action.id));
  const done = lines.find((line) => line.includes('Action succeeded')) ?? '{}';
  expect(JSON.parse(done).trace_id).toBe(server()?.traceId);
});

test('no password, no token, no statement and no name of a tenant is in any span', async () => {
  const { body } = await berth.call('GET', `/v1/databases/${made.body.database.id}/credentials`);
  const shown = await berth.call('GET', `/v1/credentials/${body.data[0].id}?reveal=true`);
  await eventually(() => receiver.spans.some(({ name }) => name === 'GET /v1/credentials/:id'), { what: 'its span' });
  const all = receiver.raw();
  expect(all).toContain('collector secret'); // in the header alone: what is sent is what is searched
  const secrets = [
    new URL(shown.body.uri).password,
    new URL(berth.postgresql.url().reveal()).password,
    new URL(berth.store.url).password,
    berth.token.reveal(),
  ];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(3);
    expect(all).not.toContain(secret);
  }
  expect(all).not.toMatch(/tenants_word|SCRAM-SHA|PASSWORD '|pg_catalog/);
});

test('a nudge that was lost: what maintenance sends again is a trace of its own, found by the id of the action', async () => {
  const worker = berth.processes.find((each) => each.output().includes('"process":"worker-postgresql"'));
  await worker?.stop();
  const asked = await berth.call('PATCH', `/v1/databases/${made.body.database.id}`, { plan: 'large' });
  const { id } = asked.body.action;
  await withClient(berth.store.url, async (client) => {
    const lost = () => client.query(`DELETE FROM bullmq.job WHERE data->>'id' = $1`, [id]);
    await eventually(async () => (await lost()).rowCount === 1, { what: 'the nudge to be there, and be lost' });
    await client.query('UPDATE actions SET nudged_at = NULL WHERE id = $1', [id]);
  });
  await berth.start('worker-postgresql');
  const spans = () => receiver.spans.filter(({ attributes }) => attributes['berth.action.id'] === id);
  await eventually(() => spans().some(({ name }) => name === 'action database_update'), {
    what: 'it to be done and told',
  });
  const asking = spans().find(({ name }) => name === 'nudge');
  const doing = spans().find(({ name }) => name === 'action database_update');
  expect(lineOf(asking).at(-1)).toBe('berth-api: PATCH /v1/databases/:id');
  expect(lineOf(doing)).toEqual([
    'berth-worker-postgresql: action database_update',
    'berth-worker-postgresql: take nudge',
  ]);
  expect(doing?.traceId).not.toBe(asking?.traceId);
});

test('a collector that is away slows nothing and is told of once', async () => {
  const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', BERTH_METRICS_PORT: '0' };
  const api = await berth.start('api', away);
  const startedAt = performance.now();
  for (let count = 0; count < 10; count += 1) expect((await berth.call('GET', '/v1/databases')).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  const lost = async () =>
    /^berth_trace_batches_lost_total\{.*\} [1-9]/m.test(await (await fetch(`${api.metricsUrl}/metrics`)).text());
  await eventually(lost, { what: 'a batch to be lost' });
  await api.stop();
  expect(api.output().match(/The collector of traces does not take them/g)).toHaveLength(1);
  expect(api.output()).toMatch(/loaded: .*@opentelemetry\/exporter-trace-otlp-http/); // so the next test can fail
});

test('without being asked, a process loads nothing that makes or sends spans', async () => {
  const plain = await berth.start('worker-postgresql', { OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  await plain.stop();
  expect(plain.output()).toMatch(/^loaded: (@opentelemetry\/api)?$/m); // prom-client asks for it
});
