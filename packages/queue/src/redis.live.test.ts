// What only Redis has: logins, databases by number, settings that lose nudges, and a Cluster that loses a third of itself.
import { Secret } from '@berth/core';
import {
  describeWhere,
  eventually,
  openTestRedis,
  openTestRedisCluster,
  type TestRedis,
  type TestRedisCluster,
  whyNoRedis,
} from '@berth/testing';
import { openConsumer } from './consume';
import { newWord } from './queue.fixture';
import { openSender, type Sender } from './send';

const missing = whyNoRedis();
/** 250 ms is the promise; the rest is for a machine that is busy with other tests. */
const MOMENT_MS = 1_500;

const said = (sender: Sender, word = newWord()) => eventually(() => sender.send(word), { what: 'a word to be taken' });

describeWhere(missing === null, missing ?? '', 'a Redis', () => {
  let redis: TestRedis;
  let errors: string[];
  beforeAll(async () => {
    redis = await openTestRedis();
  });
  afterAll(() => redis?.close());
  beforeEach(() => {
    errors = [];
  });

  const openAt = (change: (url: URL) => void, advices: Error[] = []) => {
    const url = new URL(redis.url.reveal());
    change(url);
    return openSender({
      url: new Secret(url.href),
      process: 'redis test',
      onError: (error) => errors.push(String(error)),
      onAdvice: (advice) => advices.push(advice),
    });
  };

  test('a login whose name and password hold what a URL must encode, and a database by its number', async () => {
    await redis.send("ACL SETUSER us@er on '>p@s/s:%' ~* +@all");
    const sender = openAt((url) => {
      url.username = 'us%40er';
      url.password = 'p%40s%2Fs%3A%25';
      url.pathname = '/3';
    });
    await said(sender);
    expect(await redis.send('CLIENT LIST')).toMatch(/ name=berth-redis-test-queue .* db=3 .* user=us@er /);
    expect(await redis.send('INFO keyspace')).toMatch(/db3:/);
    await sender.close();
  });

  test('a wrong password: no word is taken, none is waited for, and the error says so without it', async () => {
    await redis.send("ACL SETUSER known on '>this-one' ~* +@all");
    const sender = openAt((url) => {
      url.username = 'known';
      url.password = 'not-this-one';
    });
    await eventually(async () => (await sender.send(newWord())) || errors.some((text) => text.includes('WRONGPASS')));
    expect(sender.health().reachable).toBe(false);
    expect(errors.join()).not.toContain('not-this-one');
    await sender.close();
  });

  test('one that forgets what it has no room for is told of once, however many queues are opened', async () => {
    await redis.send('CONFIG SET maxmemory-policy allkeys-lru');
    const advices: Error[] = [];
    const sender = openAt(() => {}, advices);
    await sender.queues(['postgresql', 'mysql']);
    await said(sender);
    await eventually(() => advices.length > 0);
    expect(advices.map(({ message }) => message)).toEqual([expect.stringContaining('allkeys-lru')]);
    await sender.close();
    await redis.send('CONFIG SET maxmemory-policy noeviction');
    const other = openAt(() => {}, advices);
    await said(other);
    await other.close();
    expect(advices).toHaveLength(1);
  });
});

describeWhere(missing === null, missing ?? '', 'a Redis Cluster', () => {
  let cluster: TestRedisCluster;
  beforeAll(async () => {
    cluster = await openTestRedisCluster();
  });
  afterAll(() => cluster?.close());

  test('whose master of the queue dies: words are given up in a moment; when it is back they arrive again', async () => {
    const worked: string[] = [];
    const shared = { url: cluster.url, process: 'cluster test', onError: () => {} };
    const sender = openSender(shared);
    const consumer = openConsumer({
      ...shared,
      engine: 'postgresql',
      concurrency: 2,
      async work(id) {
        worked.push(id);
      },
    });
    const word = newWord();
    await said(sender, word);
    await eventually(() => worked.includes(word.id), { what: 'the word to be worked on' });

    const master = await cluster.masterOf('{berth}:berth-postgresql:meta');
    expect(await master.send('EXISTS {berth}:berth-postgresql:meta')).toBe(':1\r\n');
    await master.kill9();
    for (let count = 0; count < 4; count += 1) {
      const startedAt = performance.now();
      expect(await sender.send(newWord())).toBe(false);
      expect(performance.now() - startedAt).toBeLessThan(MOMENT_MS);
    }
    expect(sender.health().reachable).toBe(false);

    await master.restart();
    await cluster.isWhole();
    const after = newWord();
    let { nudges } = after;
    const sayAgain = async () => {
      await sender.send({ ...after, nudges });
      nudges += 1;
      return worked.includes(after.id);
    };
    await eventually(sayAgain, { everyMs: 500, timeoutMs: 30_000, what: 'a word to be worked on' });
    await consumer.close();
    await sender.close();
    await eventually(async () => !(await master.send('CLIENT LIST')).includes('cluster-test'), { what: 'them to go' });
  }, 90_000);

  test('of which one node alone is named: the operator is told', async () => {
    const [one] = cluster.url.reveal().split(',');
    const advices: Error[] = [];
    const sender = openSender({
      url: new Secret(one ?? ''),
      process: 'lonely',
      onError: () => {},
      onAdvice: (advice) => advices.push(advice),
    });
    await eventually(async () => (await sender.send(newWord())) || advices.length > 0);
    expect(advices[0]?.message).toContain('separated by commas');
    await sender.close();
  });
});
