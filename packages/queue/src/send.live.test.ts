// A nudge goes out once, holds an id and nothing else, and costs its sender no more than a moment, whatever the queue is.
import { eventually } from '@berth/testing';
import { newWord, openWay, type Way } from './queue.fixture';
import { onEachServer, type QueueServer } from './queue-servers.fixture';
import { openSender, type Sender } from './send';

let server: QueueServer;
let way: Way;
let sender: Sender;
let errors: unknown[];

const jobs = () => server.jobs();

/** The first words may come too early, while the tables are made: that is what the sweeper is for. */
async function warm(): Promise<void> {
  await eventually(async () => await sender.send(newWord()), { what: 'the queue to open' });
}

/** Sends and tells how long it took. */
async function timed(word = newWord()): Promise<{ sent: boolean; tookMs: number }> {
  const startedAt = performance.now();
  const sent = await sender.send(word);
  return { sent, tookMs: performance.now() - startedAt };
}

/** 250 ms is the promise; the rest is for a machine that is busy with other tests. */
const MOMENT_MS = 1_500;

onEachServer((open) => {
  beforeEach(async () => {
    server = await open();
    way = await openWay(server.url);
    errors = [];
    sender = openSender({ url: way.url, process: 'sender test', onError: (error) => errors.push(error) });
  });
  afterEach(async () => {
    way.open();
    await sender.close();
    await eventually(async () => (await server.sessions()).length === 0, { what: 'its sessions to end' });
    await way.close();
    await server.close();
  });

  test('a job holds the id of its action and nothing else', async () => {
    await warm();
    const word = newWord();
    expect(await sender.send(Object.assign({ password: 'hush', database_id: 'db_1' }, word))).toBe(true);
    const job = (await jobs()).find(({ id }) => id === `${word.id}-1`);
    expect(job).toMatchObject({ name: 'nudge', data: { id: word.id } });
    expect(await server.dump()).toContain(word.id);
    expect(await server.dump()).not.toMatch(/hush|db_1/);
  });

  test('the same word twice is one job, also at once; the next nudge is another', async () => {
    await warm();
    const before = (await jobs()).length;
    const word = newWord();
    expect(await Promise.all([sender.send(word), sender.send(word)])).toEqual([true, true]);
    expect(await sender.send(word)).toBe(true);
    expect((await jobs()).length).toBe(before + 1);
    expect(await sender.send({ ...word, nudges: 2 })).toBe(true);
    expect((await jobs()).length).toBe(before + 2);
  });

  test('an engine that nobody knows is sent nowhere', async () => {
    expect(await sender.send(newWord({ engine: 'oracle' }))).toBe(false);
    expect(await sender.send(newWord({ engine: '' }))).toBe(false);
  });

  test('a database that is down: given up in a moment, counted, never thrown; it recovers by itself', async () => {
    way.shut();
    for (let failures = 1; failures <= 3; failures += 1) {
      const { sent, tookMs } = await timed();
      expect(sent).toBe(false);
      expect(tookMs).toBeLessThan(MOMENT_MS);
      expect(sender.health()).toEqual({ reachable: false, failures });
    }
    expect(errors.length).toBeGreaterThanOrEqual(3);
    way.open();
    await warm();
    expect(sender.health().reachable).toBe(true);
  });

  test('a database that goes down while the queue is open is the same, and it recovers by itself', async () => {
    await warm();
    const { failures } = sender.health();
    way.shut();
    const { sent, tookMs } = await timed();
    expect({ sent, health: sender.health() }).toEqual({
      sent: false,
      health: { reachable: false, failures: failures + 1 },
    });
    expect(tookMs).toBeLessThan(MOMENT_MS);
    way.open();
    await warm();
  });

  test('a database that takes connections and never answers: a word, or a hundred at once, is given up in a moment', async () => {
    way.hang();
    const { sent, tookMs } = await timed();
    expect(sent).toBe(false);
    expect(tookMs).toBeLessThan(MOMENT_MS);
    expect(tookMs).toBeGreaterThan(200);
    const startedAt = performance.now();
    const words = await Promise.all(Array.from({ length: 100 }, () => sender.send(newWord())));
    expect(words).toEqual(Array(100).fill(false));
    expect(performance.now() - startedAt).toBeLessThan(2 * MOMENT_MS);
    expect(sender.health()).toEqual({ reachable: false, failures: 101 });
    way.open();
    await warm();
  });

  test('a server that takes no writes: every word is given up in a moment, and the sender recovers by itself', async () => {
    await warm();
    const locker = await server.lock();
    for (const { sent, tookMs } of [await timed(), await timed()]) {
      expect(sent).toBe(false);
      expect(tookMs).toBeLessThan(MOMENT_MS);
    }
    expect(sender.health().reachable).toBe(false);
    await locker.release();
    await warm();
  });

  test.each([35, 45, 60])(
    'a server that is %i ms away, each way: it is opened once, and takes what follows',
    async (ms) => {
      way.delay(ms);
      const taken: boolean[] = [];
      await eventually(
        async () => {
          taken.push(await sender.send(newWord()));
          return taken.filter(Boolean).length > 2;
        },
        { what: 'words to be taken' },
      );
      expect(taken.slice(taken.indexOf(true))).not.toContain(false);
    },
  );

  test('all jobs and tables gone from under it: the word after the lost one finds new ones', async () => {
    await warm();
    await eventually(() => server.wipe().then(() => true), { what: 'all to be gone' }); // may meet a deadlock
    await warm();
    expect((await jobs()).length).toBeGreaterThan(0);
  });

  test('close waits for the words that are under way, ends in time when the queue hangs, and leaves no session', async () => {
    await warm();
    const words = Array.from({ length: 20 }, () => sender.send(newWord()));
    await sender.close();
    expect(await Promise.all(words)).toEqual(Array(20).fill(true));
    expect(await eventually(async () => (await server.sessions()).length === 0)).toBe(true);

    sender = openSender({ url: way.url, process: 'sender test', onError: () => {} });
    await warm();
    const locker = await server.lock();
    void sender.send(newWord());
    await sender.close();
    await locker.release();
  });
});
