// The two places where a queue may be, for tests that are to hold on both: in the store's own database, and in a database
// of the run's Redis that nobody else uses.
import { Secret } from '@berth/core';
import { describeWhere } from './describe-where';
import { eventually } from './eventually';
import { type TestStore, testServers } from './stack';
import { askRedis, whyNoRedis } from './test-redis';

export type QueueKind = 'PostgreSQL' | 'Redis';

/** Those that this run has. */
export function testQueues(): QueueKind[] {
  return whyNoRedis() === null ? ['PostgreSQL', 'Redis'] : ['PostgreSQL'];
}

/** Describes the same tests with the queue on either; where there is no Redis, says so. */
export function onEachQueue(tests: (kind: QueueKind) => void): void {
  describe('with the queue on PostgreSQL', () => tests('PostgreSQL'));
  const missing = whyNoRedis();
  describeWhere(missing === null, missing ?? '', 'with the queue on Redis', () => tests('Redis'));
}

export interface TestQueue {
  /** BERTH_QUEUE_URL. */
  url: Secret;
  /** Throws when somebody is still connected to it on Redis; on PostgreSQL its store would not be dropped. */
  close(): Promise<void>;
}

/** A queue of one's own. Close it after everybody who uses it. */
export async function openTestQueue(kind: QueueKind, store: TestStore): Promise<TestQueue> {
  if (kind === 'PostgreSQL') return { url: store.secretUrl, close: async () => {} };
  const url = new URL(testServers().redisUrl ?? '');
  const port = Number(url.port);
  const number = /\d+/.exec(await askRedis(port, 'INCR berth:test-databases'))?.[0];
  url.pathname = `/${number}`;
  const sessions = async () => {
    const lines = (await askRedis(port, 'CLIENT LIST')).split('\n');
    return lines.filter((line) => line.includes(` db=${number} `));
  };
  return {
    url: new Secret(url.href),
    async close() {
      const what = `the connections to the database ${number} of Redis to end`;
      await eventually(async () => (await sessions()).length === 0, { what });
    },
  };
}
