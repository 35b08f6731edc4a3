// What breaks around an action: the queue is emptied or hangs, the tenants' server is down for a while, a server cannot
// be what it claims. Time is lost, never work.
import { databaseDelete, request, serverPreflight } from '@berth/actions';
import { Secret } from '@berth/core';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { testServers } from '../stack';
import { onEachEngineAndQueueAtOnce } from '../tenants/at-once';
import { onEachEngine } from '../tenants/on-each-engine';
import type { TenantsServer } from '../tenants/tenants';
import { onEachQueue } from '../test-queue';
import { openTestRedis, type TestRedis } from '../test-redis';

onEachQueue((queue) =>
  describe('the queue', () => {
    let journey: Journey;
    let redis: TestRedis | null;
    const nameOf = (name: string) => `queue_${process.pid}_${queue.toLowerCase()}_${name}`;
    beforeAll(async () => {
      redis = queue === 'Redis' ? await openTestRedis() : null;
      journey = await openJourney(redis === null ? {} : { queueUrl: redis.url });
    });
    afterAll(async () => {
      await journey?.close();
      await redis?.close();
    });

    const empty = async () => {
      await redis?.send('FLUSHALL');
      if (redis !== null) return;
      await withClient(journey.storeUrl, (client) => client.query('DROP SCHEMA bullmq CASCADE'));
    };

    /** Meanwhile nobody can write a job. */
    async function whileItHangs<T>(work: () => Promise<T>): Promise<T> {
      redis?.freeze();
      try {
        if (redis !== null) return await work();
        return await withClient(journey.storeUrl, async (client) => {
          await client.query('BEGIN; LOCK TABLE bullmq.job IN ACCESS EXCLUSIVE MODE');
          return work().finally(() => client.query('ROLLBACK'));
        });
      } finally {
        redis?.thaw();
      }
    }

    /** Maintenance sends the word again, as if it had waited for it, until it is heard: one may meet a queue that is being made. */
    async function endedAfterWords(id: string) {
      const isEnded = async () => {
        await journey.letNudgesGrowOld();
        return (await journey.context.store.actions.find(id))?.ended_at;
      };
      await eventually(isEnded, { what: 'the action to end', timeoutMs: 50_000, everyMs: 500 });
      return journey.ended(id);
    }

    it('that is emptied loses no action, accepted before or after', async () => {
      const [worker, maintenance] = await Promise.all([journey.startWorker(), journey.startMaintenance()]);
      const first = await journey.requestDatabase(nameOf('first'));
      await journey.ended(first.id);
      await empty(); // under a worker that listens
      const listening = await journey.requestDatabase(nameOf('listening'));
      expect(await endedAfterWords(listening.id)).toMatchObject({ state: 'succeeded', failures: 0 });
      await worker.stop();
      const before = await journey.requestDatabase(nameOf('before'));
      await empty(); // with a nudge inside that nobody has taken
      const after = await journey.requestDatabase(nameOf('after'));
      const next = await journey.startWorker();
      for (const { id } of [before, after]) {
        expect(await endedAfterWords(id)).toMatchObject({ state: 'succeeded', failures: 0 });
      }
      await Promise.all([next.stop(), maintenance.stop()]);
    }, 120_000);

    it('that hangs does not hold up a request by more than a moment', async () => {
      const { action, tookMs } = await whileItHangs(async () => {
        const startedAt = performance.now();
        const action = await journey.requestDatabase(nameOf('hung'));
        const tookMs = performance.now() - startedAt;
        await eventually(() => !journey.context.sender.health().reachable, { what: 'the nudge to be given up' });
        return { action, tookMs };
      });
      expect(action.state).toBe('queued');
      expect(tookMs).toBeLessThan(2_000); // not a speed test: a request that awaited the queue would hang with it
      await journey.runHere(action.id);
    });
  }),
);

onEachEngineAndQueueAtOnce((engine, queue, atOnce) => {
  describe("the tenants' server", () => {
    let server: TenantsServer;
    let journey: Journey;
    atOnce.open(async () => {
      server = await engine.openServer();
      journey = await openJourney({ engine, queue, engineUrl: server.url });
      await journey.startMaintenance();
    });
    atOnce.close(async () => {
      await journey?.close();
      await server?.close();
    });

    atOnce.alone('down for a while: actions wait, cost no failure, and end by themselves', async () => {
      const worker = await journey.startWorker();
      const made = await journey.requestDatabase('outage_before');
      await journey.ended(made.id);
      await server.stop();
      const create = await journey.requestDatabase('outage_during');
      const drop = await request(
        journey.context,
        databaseDelete,
        { databaseId: made.database_id ?? '' },
        journey.access,
      );
      await eventually(async () => (await journey.context.store.actions.find(create.id))?.claim === 2, {
        timeoutMs: 30_000,
      });
      await eventually(async () => ((await journey.context.store.actions.find(drop.id))?.claim ?? 0) >= 2, {
        timeoutMs: 30_000,
      });
      expect((await journey.context.store.databases.find(made.database_id ?? ''))?.state).toBe('available');
      await server.restart();
      for (const { id } of [create, drop]) {
        expect(await journey.ended(id, 60_000)).toMatchObject({ state: 'succeeded', failures: 0 });
      }
      await worker.stop();
    });

    atOnce.alone('killed in the middle of a step: the action goes on when it is back', async () => {
      const create = await journey.requestDatabase('outage_middle');
      const frozen = await journey.startVictim(create.id, 'started:create_login:SIGSTOP');
      await eventually(async () => (await journey.context.store.actions.find(create.id))?.steps.length === 2);
      await server.kill9();
      frozen.signal('SIGCONT');
      await eventually(async () => (await journey.context.store.actions.find(create.id))?.state === 'queued');
      await server.restart();
      const ended = await journey.ended(create.id, 60_000);
      expect(ended).toMatchObject({ state: 'succeeded', failures: 0 });
      expect(await engine.refusalOf(await journey.uriOf(create.credential_id ?? ''))).toBeNull();
      await frozen.stop();
    });
  });
});

describe('a preflight', () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await openJourney({ registerServer: false });
  });
  afterAll(() => journey?.close());

  it.each(['127.0.0.1', 'localhost', '127.1', '[::ffff:127.0.0.1]'])(
    'of the server that holds the store, at %s, refuses it and leaves it untouched',
    async (host) => {
      const url = new URL(testServers().storeUrl);
      url.host = `${host}:${url.port}`;
      const { ended, server } = await preflightOf(journey, url.href, `the store at ${host}`);
      expect(ended).toMatchObject({ state: 'failed', error_code: 'server_is_store' });
      expect(server?.state).toBe('unchecked');
      const { rows } = await withClient(testServers().storeUrl, (client) =>
        client.query(`SELECT FROM pg_database WHERE datname = 'berth_canary'`),
      );
      expect(rows).toEqual([]);
    },
  );
});

onEachEngine((engine) => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await openJourney({ engine, registerServer: false });
  });
  afterAll(() => journey?.close());

  test('a preflight with a wrong password says so at once and never repeats the password', async () => {
    const url = new URL(engine.sharedUrl());
    url.password = 'wrong-horse';
    const { ended, server } = await preflightOf(journey, url.href, 'wrong password');
    expect(ended).toMatchObject({ state: 'failed', error_code: 'admin_refused' });
    expect(ended.error_message).not.toContain('wrong-horse');
    expect(server?.state).toBe('unchecked');
  });

  test('a preflight of a port where nothing listens waits for the server to come', async () => {
    const url = new URL(engine.sharedUrl());
    url.port = '1';
    const { ended } = await preflightOf(journey, url.href, 'nothing there');
    expect(ended).toMatchObject({ state: 'queued', failures: 0 });
    expect(ended.not_before).not.toBeNull();
  });

  test('a server of another engine than its pool is refused', async () => {
    const own = `${journey.place.engine}-development`;
    const pool = ['mysql-development', 'mongodb-development'].find((each) => each !== own);
    const asked = preflightOf(journey, engine.sharedUrl(), 'in the wrong pool', pool);
    await expect(asked).rejects.toMatchObject({ code: 'disagree' });
  });
});

async function preflightOf(journey: Journey, url: string, name: string, pool = `${journey.engine.name}-development`) {
  const register = { name, engine: journey.engine.name, pool, adminUrl: new Secret(url), sizeBytesMax: null };
  const action = await request(journey.context, serverPreflight, { register }, journey.access);
  const ended = await journey.runHere(action.id);
  return { ended, server: await journey.context.store.servers.find(action.server_id) };
}
