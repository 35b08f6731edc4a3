// What Redis may do to a whole Berth in the middle of its work: forget everything, die with its data and without, fall
// silent, be away while requests come. No action is lost, each is done once, and no request waits for it.
import type { Answer } from '../berth';
import { describeWhere } from '../describe-where';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { isStopped, type TestProcess } from '../test-process';
import { openTestRedis, type TestRedis, whyNoRedis } from '../test-redis';
import { openTestRedisCluster, type TestRedisCluster } from '../test-redis-cluster';

const missing = whyNoRedis();
/** A nudge is given up after 250 ms; a request that waited for it would be slower by as much, all of them. */
const GIVEN_UP_MS = 250;
const BURST = 10;
/** Of a burst, fastest first: the middle, and the slowest but two, which are left to whatever else the machine does. */
const [MIDDLE, SLOW] = [BURST / 2, BURST - 3];

describeWhere(missing === null, missing ?? '', 'Redis', () => {
  let redis: TestRedis;
  let journey: Journey;
  let apiUrl: string;
  let worker: TestProcess;
  let count = 0;

  beforeAll(async () => {
    redis = await openTestRedis();
    journey = await openJourney({ queueUrl: redis.url });
    const starting = [journey.startApi(), journey.startWorker(), journey.startMaintenance()] as const;
    const [api, first] = await Promise.all(starting);
    apiUrl = api.url ?? '';
    worker = first;
    await allDoneOnce((await burst()).ids); // and what the first requests warm up is warm
  });
  afterAll(async () => {
    redis?.thaw();
    await journey?.close();
    await redis?.close();
  });

  async function readiness(): Promise<{ status: string }> {
    const answer = await fetch(`${apiUrl}/readyz`);
    const body: Answer['body'] = await answer.json();
    return body;
  }

  async function post(): Promise<{ id: string; tookMs: number }> {
    count += 1;
    const startedAt = performance.now();
    const response = await fetch(`${apiUrl}/v1/databases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${journey.token.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `redis_${process.pid}_${count}`, engine: 'postgresql' }),
    });
    const body: Answer['body'] = await response.json();
    const tookMs = performance.now() - startedAt;
    expect(response.status).toBe(202);
    return { id: body.action.id, tookMs };
  }

  /** Asks for databases one after another; `midway` happens to Redis in the middle. */
  async function burst(midway: () => unknown = () => {}) {
    const ids: string[] = [];
    const tookMs: number[] = [];
    for (let index = 0; index < BURST; index += 1) {
      if (index === BURST / 2) await midway();
      const posted = await post();
      ids.push(posted.id);
      tookMs.push(posted.tookMs);
    }
    return { ids, tookMs: tookMs.sort((one, other) => one - other) };
  }

  /** Each was claimed once and did each of its steps once. */
  async function allDoneOnce(ids: string[]) {
    for (const id of ids) {
      const ended = await journey.ended(id, 60_000);
      expect(ended).toMatchObject({ state: 'succeeded', claim: 1, failures: 0 });
      expect(ended.steps).toHaveLength(ended.step_names.length);
    }
  }

  /** As if 15 s had passed since the words were said that nobody heard. */
  const letNudgesGetOld = () =>
    withClient(journey.storeUrl, (client) =>
      client.query(`UPDATE actions SET nudged_at = now() - interval '1 min' WHERE state = 'queued'`),
    );

  async function becomesReady() {
    await letNudgesGetOld();
    const id = (await post()).id; // the next word that is taken says that all is well
    await eventually(async () => (await readiness()).status === 'ready' || (await post()) === null, {
      everyMs: 500,
      what: '/readyz to say ready again',
    });
    return id;
  }

  test('FLUSHALL while actions run and others are queued: none is lost, none is done twice', async () => {
    await worker.stop();
    const queued = await burst();
    worker = await journey.startVictim(queued.ids[0] ?? '', 'started:create_login:SIGSTOP'); // and the worker from now on
    await eventually(() => isStopped(worker.pid), { what: 'the worker to stand still in the middle of an action' });
    const { ids } = await burst(() => redis.send('FLUSHALL'));
    const { data } = await journey.context.store.actions.list({ state: 'running' }, { cursor: null, limit: 10 });
    expect(data.length).toBeGreaterThan(0);
    worker.signal('SIGCONT');
    await letNudgesGetOld();
    await allDoneOnce([...queued.ids, ...ids]);
  }, 120_000);

  test.each([
    ['with its data', false],
    ['without its data', true],
  ])(
    'killed with -9 in the middle of a burst and started again %s: nothing is lost, and each is done once',
    async (_, isEmpty) => {
      const { ids } = await burst(() => redis.kill9());
      await redis.restart({ isEmpty });
      ids.push(...(await burst()).ids);
      await letNudgesGetOld();
      await allDoneOnce(ids);
    },
    120_000,
  );

  test.each<[string, () => unknown, () => unknown]>([
    ['frozen', () => redis.freeze(), () => redis.thaw()],
    ['down', () => redis.kill9(), () => redis.restart()],
  ])(
    '%s during POSTs: no request waits for it, /readyz says degraded and then ready, and each action is done once',
    async (_, leave, comeBack) => {
      worker.signal('SIGSTOP'); // without a queue nobody works beside the requests: neither with one
      const before = await burst();
      worker.signal('SIGCONT');
      await allDoneOnce(before.ids);
      const saidBefore = worker.output().length;
      await leave();
      const { ids, tookMs } = await burst();
      const slowerBy = tookMs.map((ms, rank) => ms - (before.tookMs[rank] ?? 0));
      expect(slowerBy[MIDDLE]).toBeLessThan(GIVEN_UP_MS / 2);
      expect(slowerBy[SLOW]).toBeLessThan(GIVEN_UP_MS);
      await eventually(async () => (await readiness()).status === 'degraded', { what: '/readyz to say degraded' });
      await comeBack();
      ids.push(await becomesReady());
      await letNudgesGetOld();
      await allDoneOnce(ids);
      expectFewLines(worker.output().slice(saidBefore));
      expect(worker.output()).toContain('The queue answers again');
    },
    120_000,
  );

  /** Two a minute, for an outage of at most two; none with a stack, for it says nothing of a Redis that is away. */
  function expectFewLines(output: string): void {
    const lines = output.split('\n').filter((line) => line.includes('"msg":"The queue'));
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(lines.filter((line) => line.includes('stack'))).toEqual([]);
  }
});

describeWhere(missing === null, missing ?? '', 'a Redis Cluster', () => {
  let cluster: TestRedisCluster;
  let journey: Journey;
  beforeAll(async () => {
    cluster = await openTestRedisCluster();
    journey = await openJourney({ queueUrl: cluster.url });
  });
  afterAll(async () => {
    await journey?.close();
    await cluster?.close();
  });

  test('that loses the master of the queue loses no action: maintenance says again what nobody heard', async () => {
    await Promise.all([journey.startWorker(), journey.startMaintenance()]);
    const before = await journey.requestDatabase(`cluster_${process.pid}_before`);
    await journey.ended(before.id, 45_000);
    const master = await cluster.masterOf('{berth}:berth-postgresql:meta');
    await master.kill9();
    const during = await journey.requestDatabase(`cluster_${process.pid}_during`);
    await eventually(() => !journey.context.sender.health().reachable, { what: 'the word to be lost' });
    await master.restart();
    await cluster.isWhole();
    const after = await journey.requestDatabase(`cluster_${process.pid}_after`);
    for (const { id } of [during, after]) {
      expect(await journey.ended(id, 60_000)).toMatchObject({ state: 'succeeded', claim: 1, failures: 0 });
    }
  }, 120_000);
});
