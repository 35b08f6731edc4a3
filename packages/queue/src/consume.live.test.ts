// Each nudge is worked on once, by one consumer; a consumer whose queue breaks opens itself anew and goes on.
import { Secret } from '@berth/core';
import { eventually } from '@berth/testing';
import { type Consumer, openConsumer } from './consume';
import { newWord, openWay, type Way } from './queue.fixture';
import { onEachServer, type QueueServer } from './queue-servers.fixture';
import { openSender, type Sender } from './send';

let server: QueueServer;
let way: Way;
let sender: Sender;
let consumers: Consumer[];
let worked: string[];

interface Options {
  concurrency?: number;
  work?(id: string): Promise<void>;
  onError?(): void;
  onAnswer?(): void;
}

function consume({ concurrency = 4, work = async () => {}, ...heard }: Options = {}): Consumer {
  const consumer = openConsumer({
    url: way.url,
    process: 'consumer',
    engine: 'postgresql',
    concurrency,
    onError: () => {},
    ...heard,
    work(id) {
      worked.push(id);
      return work(id);
    },
  });
  consumers.push(consumer);
  return consumer;
}

/** Says a word until the queue has it, and returns its action. */
async function say(word = newWord()): Promise<string> {
  await eventually(() => sender.send(word), { what: 'the word to be taken' });
  return word.id;
}

/** Says a word again and again, as the sweeper does: a nudge that was taken while the queue broke is lost. */
async function sayUntilTaken(word = newWord()): Promise<void> {
  let { nudges } = word;
  const sayAgain = async () => {
    await sender.send({ ...word, nudges });
    nudges += 1;
    return worked.includes(word.id);
  };
  await eventually(sayAgain, { everyMs: 500, timeoutMs: 30_000, what: 'the word to be worked on' });
}

const listening = (consumer: Consumer) => eventually(() => consumer.isListening(), { what: 'it to listen' });
const took = (id: string) => eventually(() => worked.includes(id), { what: `${id} to be worked on` });
const times = (id: string) => worked.filter((each) => each === id).length;

/** A promise, and the hand that fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** So many are there on the board. */
const KEPT_MAX = 500;

onEachServer((open, kind) => {
  beforeEach(async () => {
    server = await open();
    way = await openWay(server.url);
    sender = openSender({ url: new Secret(server.url), process: 'sender', onError: () => {} });
    consumers = [];
    worked = [];
  });
  afterEach(async () => {
    way.open();
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await sender.close();
    await way.close();
    await eventually(async () => (await server.sessions()).length === 0, { what: 'the sessions to end' });
    await server.close();
  });

  test('a nudge arrives once, sent before the consumer was there or after', async () => {
    const before = await say();
    await listening(consume());
    await took(before);
    const after = await say();
    await took(after);
    await took(await say()); // and those before it came no second time
    expect([times(before), times(after)]).toEqual([1, 1]);
  });

  test('of two consumers one takes it', async () => {
    await Promise.all([listening(consume()), listening(consume())]);
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1) ids.push(await say());
    for (const id of ids) await took(id);
    expect([...worked].sort()).toEqual([...ids].sort());
  });

  test('the same word twice is worked on once, a second nudge again', async () => {
    await listening(consume());
    const word = newWord();
    await eventually(() => sender.send(word));
    await took(word.id);
    await sender.send(word);
    await took(await say());
    expect(times(word.id)).toBe(1);
    await sender.send({ ...word, nudges: 2 });
    await eventually(() => times(word.id) === 2);
  });

  test('no more than `concurrency` are worked on at once', async () => {
    const end = gate();
    const consumer = consume({ concurrency: 2, work: () => end.opened });
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await say());
    await listening(consumer);
    await eventually(() => worked.length === 2);
    expect((await server.jobs()).filter(({ state }) => state === 'active')).toHaveLength(2);
    end.open();
    for (const id of ids) await took(id);
  });

  test('of what is over no more is kept than the board can show', async () => {
    await listening(consume({ concurrency: 20 }));
    const words = Array.from({ length: KEPT_MAX + 50 }, () => newWord());
    while (words.length > 0) await Promise.all(words.splice(0, 50).map(say));
    await eventually(() => worked.length === KEPT_MAX + 50, { what: 'all to be worked on' });
    const states = async () => (await server.jobs()).map(({ state }) => state);
    await eventually(async () => !(await states()).includes('active'), { what: 'the queue to hear of it' });
    await say(); // those that end at one moment do not see each other: the next to end alone leaves what is meant to stay
    await eventually(async () => (await states()).length === KEPT_MAX, { what: 'the rest to be forgotten' });
  });

  test('work that throws is shown on the board, is not tried again, and the next is taken', async () => {
    const broken = newWord();
    consume({
      work: async (id) => {
        if (id === broken.id) throw new Error('it broke');
      },
    });
    await eventually(() => sender.send(broken));
    await took(broken.id);
    await took(await say());
    const failed = async () => (await server.jobs()).filter(({ state }) => state === 'failed');
    await eventually(async () => (await failed()).length === 1);
    expect(await failed()).toMatchObject([{ id: `${broken.id}-1`, failedReason: 'it broke' }]);
    expect(times(broken.id)).toBe(1);
  });

  test('opened while the database is down, it begins when the database is up', async () => {
    way.shut();
    const consumer = consume();
    const id = await say();
    expect(consumer.isListening()).toBe(false);
    way.open();
    await took(id);
    expect(consumer.isListening()).toBe(true);
  });

  /** The queue's, then the worker's. */
  const lateConnections = kind === 'Redis' ? [1, 2] : [2, 3];

  test.each(lateConnections)(
    'opened while the database falls silent after %i connections, it begins when the database answers new ones',
    async (passing) => {
      way.hang(passing);
      consume();
      await eventually(() => way.hangingCount() > 0, { what: 'a connection to hang' });
      way.open();
      await sayUntilTaken();
    },
  );

  test('a database that goes down under it and comes back: it notices, and goes on', async () => {
    const heard: string[] = [];
    const consumer = consume({ onError: () => heard.push('error'), onAnswer: () => heard.push('answer') });
    await took(await say());
    expect(heard).toEqual(heard.map(() => 'answer'));
    way.shut();
    await eventually(() => !consumer.isListening(), { what: 'it to notice' });
    heard.push('-');
    way.open();
    await sayUntilTaken();
    expect(consumer.isListening()).toBe(true);
    const [before, after] = [heard.slice(0, heard.indexOf('-')), heard.slice(heard.indexOf('-'))];
    expect([before.includes('error'), after.includes('answer')]).toEqual([true, true]);
  });

  test('tables that are dropped under both: new ones are made, and it goes on', async () => {
    consume();
    await took(await say());
    await eventually(() => server.wipe().then(() => true), { what: 'all to be gone' }); // may meet a deadlock
    await sayUntilTaken();
  });

  describe('close', () => {
    it('waits for the work in hand and takes no more', async () => {
      const end = gate();
      const consumer = consume({ concurrency: 1, work: () => end.opened });
      const [first, second] = [await say(), await say()];
      await took(first);
      let isClosed = false;
      const closing = consumer.close().then(() => {
        isClosed = true;
      });
      await say();
      expect(isClosed).toBe(false);
      end.open();
      await closing;
      expect(worked).toEqual([first]);
      expect(worked).not.toContain(second);
    });

    it('leaves no session', async () => {
      const consumer = consume();
      await took(await say());
      await consumer.close();
      const consumers = async () => (await server.sessions()).filter((name) => /consumer/.test(name));
      await eventually(async () => (await consumers()).length === 0);
    });

    it('ends in time while the database is down, from the beginning or since', async () => {
      way.shut();
      await consume().close();
      way.open();
      const consumer = consume();
      await took(await say());
      way.shut();
      await consumer.close();
    }, 20_000);

    it('ends in time while the database hangs', async () => {
      const consumer = consume();
      await took(await say());
      way.freeze();
      await consumer.close();
      way.shut();
    }, 20_000);
  });
});
