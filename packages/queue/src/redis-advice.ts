// What Redis says of itself and an operator should know, because nudges would be lost or refused by it.
import { Redis } from 'ioredis';
import type { RedisClient } from './redis-client';

interface Listener {
  onAdvice?(advice: Error): void;
}

/** Looks at INFO. Throws what Redis answers when it refuses that. */
export async function adviseOn(client: RedisClient, { onAdvice }: Listener): Promise<void> {
  const info = await client.info();
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction') {
    onAdvice?.(
      new Error(`Redis has the maxmemory-policy ${policy} and forgets nudges when it is full. Set it to noeviction.`),
    );
  }
  if (client instanceof Redis && /^redis_mode:cluster/m.test(info)) {
    onAdvice?.(
      new Error('Redis is a node of a Cluster. Name two of its nodes or more in BERTH_QUEUE_URL, separated by commas.'),
    );
  }
}
