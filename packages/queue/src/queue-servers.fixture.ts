// The two servers that a queue lives on, as the tests of the queue look at them from behind: the jobs as they are kept, the
// sessions that are open, and what an operator or an accident does to them.
import { describeWhere, openTestRedis, openTestStore, type TestRedis, whyNoRedis } from '@berth/testing';
import { Redis } from 'ioredis';
import { Client } from 'pg';

export interface KeptJob {
  id: string;
  name: string;
  data: unknown;
  state: string;
  failedReason: string | null;
}

export interface QueueServer {
  url: string;
  jobs(): Promise<KeptJob[]>;
  /** Everything that is kept for all jobs, as text, to look for what must not be there. */
  dump(): Promise<string>;
  /** Names of the sessions that are open, but for those of tests. */
  sessions(): Promise<string[]>;
  /** All that BullMQ keeps is gone. */
  wipe(): Promise<void>;
  /** From now on no job can be written, until it is released. */
  lock(): Promise<{ release(): Promise<void> }>;
  close(): Promise<void>;
}

/** Describes the same tests on either server; where there is none, says so. `open` is for a beforeEach. */
export function onEachServer(tests: (open: () => Promise<QueueServer>, kind: string) => void): void {
  describe('on PostgreSQL', () => tests(openOnPostgresql, 'PostgreSQL'));
  const missing = whyNoRedis();
  describeWhere(missing === null, missing ?? '', 'on Redis', () => tests(openOnRedis, 'Redis'));
}

const NAME = 'queue test';

async function openOnPostgresql(): Promise<QueueServer> {
  const { url, close } = await openTestStore();
  const query = async (sql: string) => {
    const client = new Client({ connectionString: url, application_name: NAME });
    client.on('error', () => {}); // the statement tells
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url,
    async jobs() {
      const rows = await query('SELECT id, name, data, state, failed_reason FROM bullmq.job ORDER BY seq');
      return rows.map(({ id, name, data, state, failed_reason: reason }) => ({
        id: String(id),
        name: String(name),
        data,
        state: String(state),
        failedReason: reason === null ? null : String(reason),
      }));
    },
    dump: async () => JSON.stringify(await query('SELECT to_jsonb(job) FROM bullmq.job')),
    async sessions() {
      const others = `SELECT application_name AS name FROM pg_stat_activity
        WHERE datname = current_database() AND application_name <> '${NAME}'`;
      return (await query(others)).map(({ name }) => String(name));
    },
    async wipe() {
      await query('DROP SCHEMA bullmq CASCADE');
    },
    async lock() {
      const client = new Client({ connectionString: url, application_name: NAME });
      await client.connect();
      await client.query('BEGIN; LOCK TABLE bullmq.job IN ACCESS EXCLUSIVE MODE');
      return {
        async release() {
          await client.query('ROLLBACK');
          await client.end();
        },
      };
    },
    close,
  };
}

async function openOnRedis(): Promise<QueueServer> {
  const redis = await openTestRedis();
  const client = new Redis(redis.url.reveal(), { connectionName: NAME.replace(' ', '-') });
  return {
    url: redis.url.reveal(),
    jobs: () => jobsOf(client),
    dump: async () => JSON.stringify(await jobHashes(client)),
    async sessions() {
      const lines = String(await client.call('CLIENT', 'LIST'))
        .trim()
        .split('\n');
      const names = lines.map((line) => / name=(\S*)/.exec(line)?.[1] ?? '');
      return names.filter((name) => name !== NAME.replace(' ', '-'));
    },
    async wipe() {
      await client.flushall();
    },
    lock: () => pause(redis),
    async close() {
      client.disconnect();
      await redis.close();
    },
  };
}

/** Redis answers nobody but those who end the pause. */
async function pause(redis: TestRedis): Promise<{ release(): Promise<void> }> {
  await redis.send('CLIENT PAUSE 60000 WRITE');
  return {
    async release() {
      await redis.send('CLIENT UNPAUSE');
    },
  };
}

async function jobHashes(client: Redis): Promise<Record<string, Record<string, string>>> {
  const hashes: Record<string, Record<string, string>> = {};
  for (const key of await client.keys('{berth}:*')) {
    const id = key.split(':').at(-1) ?? '';
    if (id.startsWith('act_') && (await client.type(key)) === 'hash') hashes[id] = await client.hgetall(key);
  }
  return hashes;
}

async function jobsOf(client: Redis): Promise<KeptJob[]> {
  const active = await client.lrange('{berth}:berth-postgresql:active', '0', '-1');
  const failed = await client.zrange('{berth}:berth-postgresql:failed', '0', '-1');
  const stateOf = (id: string) => (active.includes(id) && 'active') || (failed.includes(id) && 'failed') || 'other';
  return Object.entries(await jobHashes(client)).map(([id, hash]) => ({
    id,
    name: hash.name ?? '',
    data: JSON.parse(hash.data ?? 'null'),
    state: stateOf(id),
    failedReason: hash.failedReason ?? null,
  }));
}
