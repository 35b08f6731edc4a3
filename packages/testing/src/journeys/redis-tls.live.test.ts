// A Redis behind TLS: its certificate must be valid for its name and signed by a CA that the process trusts. Otherwise the
// queue counts as down, and the log says why.
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Answer } from '../berth';
import { makeTestCertificates, type TestCertificates } from '../certificates';
import { describeWhere } from '../describe-where';
import { eventually } from '../eventually';
import { type Journey, openJourney, openProcesses } from '../journey';
import { openTestRedis, type TestRedis, whyNoRedis } from '../test-redis';

const missing = whyNoRedis();
const HOST = 'localhost';

describeWhere(missing === null, missing ?? '', 'a Redis behind TLS', () => {
  let redis: TestRedis;
  let door: Awaited<ReturnType<typeof openTlsDoor>>;
  let certificates: TestCertificates;
  let journey: Journey;
  let count = 0;
  const opened: ReturnType<typeof openProcesses>[] = [];

  beforeAll(async () => {
    redis = await openTestRedis();
    certificates = await makeTestCertificates(HOST);
    door = await openTlsDoor(certificates, redis.port);
    journey = await openJourney();
  });
  afterAll(async () => {
    await Promise.all(opened.map((processes) => processes.close()));
    await journey?.close();
    await door?.close();
    await redis?.close();
  });

  /** Processes of the journey's store whose queue is behind the door. */
  function processesAt(host: string, trust: Record<string, string>) {
    const queueUrl = `rediss://${host}:${door.port}`;
    const store = { BERTH_STORE_URL: journey.storeUrl, BERTH_KEYS: journey.keys.reveal() };
    const processes = openProcesses({ ...store, BERTH_QUEUE_URL: queueUrl, ...trust });
    opened.push(processes);
    return processes;
  }

  /** Asks this API for a database. Returns its action. */
  async function post(apiUrl: string | null): Promise<string> {
    count += 1;
    const response = await fetch(`${apiUrl}/v1/databases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${journey.token.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `tls_${process.pid}_${count}`, engine: 'postgresql' }),
    });
    expect(response.status).toBe(202);
    const body: Answer['body'] = await response.json();
    return body.action.id;
  }

  async function readiness(apiUrl: string | null): Promise<Answer['body']> {
    return (await fetch(`${apiUrl}/readyz`)).json();
  }

  test('whose CA is named by NODE_EXTRA_CA_CERTS carries the nudges', async () => {
    const processes = processesAt(HOST, { NODE_EXTRA_CA_CERTS: certificates.caFile });
    const [api] = await Promise.all([processes.startApi(), processes.startWorker(), processes.startMaintenance()]);
    const id = await post(api.url);
    expect(await journey.ended(id, 45_000)).toMatchObject({ state: 'succeeded' });
    expect(await redis.send('EXISTS {berth}:berth-postgresql:meta')).toBe(':1\r\n');
    await eventually(async () => {
      await post(api.url);
      return (await readiness(api.url)).status === 'ready';
    });
    await processes.close();
  });

  test.each([
    ['signed by a CA that nobody named', HOST, false, /unable to verify the first certificate/],
    ['that is valid for another name', '127.0.0.1', true, /does not match certificate's altnames/],
  ])('with a certificate %s is not spoken to', async (_, host, isTrusted, reason) => {
    const processes = processesAt(host, isTrusted ? { NODE_EXTRA_CA_CERTS: certificates.caFile } : {});
    const api = await processes.startApi();
    const before = door.passed();
    await post(api.url);
    await eventually(() => reason.test(processes.output()), { what: 'the log to say why' });
    expect(await readiness(api.url)).toMatchObject({ status: 'degraded' });
    expect(door.passed()).toBe(before);
    await processes.close();
  });
});

/** Speaks TLS outside and hands on what it hears. Any Redis will do behind it, also one that was built without TLS. */
async function openTlsDoor({ key, cert }: TestCertificates, port: number) {
  const sockets = new Set<TLSSocket>();
  let passed = 0;
  const server = createServer({ key, cert }, (incoming) => {
    sockets.add(incoming);
    const outgoing = connect(port, '127.0.0.1');
    incoming.on('error', () => outgoing.destroy()).on('close', () => outgoing.destroy());
    incoming.once('data', () => {
      passed += 1;
    });
    outgoing.on('error', () => incoming.destroy()).on('close', () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    /** How many sent something by it, which they do only when they trust it. */
    passed: () => passed,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
