// What is closed is gone, in whatever state Redis was: no socket is left, and no timer that would connect again for ever.
import { describeWhere, eventually, openTestRedis, type TestRedis, whyNoRedis } from '@berth/testing';
import { type Consumer, openConsumer } from './consume';
import { newWord, openWay, type Way } from './queue.fixture';
import { openSender, type Sender } from './send';

const missing = whyNoRedis();

describeWhere(missing === null, missing ?? '', 'a sender and a consumer', () => {
  let redis: TestRedis;
  let way: Way;
  /** In all, not of each test: what one left would be there before the next. */
  let before: number;
  beforeAll(async () => {
    redis = await openTestRedis();
    before = held();
  });
  afterAll(() => redis?.close());
  beforeEach(async () => {
    way = await openWay(redis.url.reveal());
  });
  afterEach(() => way.close());

  const send = (sender: Sender) => sender.send(newWord());
  const listening = async (sender: Sender, consumer: Consumer) => {
    await eventually(() => send(sender));
    await eventually(() => consumer.isListening());
  };

  /** Of this process: what would keep it alive. */
  const held = () => process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|Timeout)$/.test(name)).length;

  test.each<[string, (sender: Sender, consumer: Consumer) => Promise<unknown>]>([
    ['there', listening],
    [
      'down from the beginning',
      async (sender) => {
        way.shut();
        await send(sender);
      },
    ],
    [
      'silent from the beginning',
      async (sender) => {
        way.hang();
        await send(sender);
      },
    ],
    [
      'silent for the second connection of the consumer',
      async (sender, consumer) => {
        way.hang(2);
        await send(sender);
        await eventually(() => way.hangingCount() > 0 || consumer.isListening());
      },
    ],
    [
      'there, and went down',
      async (sender, consumer) => {
        await listening(sender, consumer);
        way.shut();
        await send(sender);
        await eventually(() => !consumer.isListening());
      },
    ],
    [
      'there, and went down this moment',
      async (sender, consumer) => {
        await listening(sender, consumer);
        way.shut();
      },
    ],
    [
      'there, and fell silent',
      async (sender, consumer) => {
        await listening(sender, consumer);
        way.freeze();
        await send(sender);
      },
    ],
    [
      'there, went down, and came back',
      async (sender, consumer) => {
        await listening(sender, consumer);
        way.shut();
        await eventually(() => !consumer.isListening());
        way.open();
        await listening(sender, consumer);
      },
    ],
  ])('of a Redis that was %s', async (_, happen) => {
    const options = { url: way.url, process: 'closed test', onError: () => {} };
    const sender = openSender(options);
    const consumer = openConsumer({ ...options, engine: 'postgresql', concurrency: 2, work: async () => {} });
    await happen(sender, consumer);
    await Promise.all([sender.close(), consumer.close()]);
    way.shut(); // its own ends of the sockets
    await eventually(() => held() <= before, { what: 'sockets and timers to go', timeoutMs: 15_000 });
    const sessions = async () => (await redis.send('CLIENT LIST')).includes('closed-test');
    await eventually(async () => !(await sessions()), { what: 'the sessions to go' });
  });
});
