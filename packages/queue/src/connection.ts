// How BullMQ is reached: one queue per engine, in the schema `bullmq` of a PostgreSQL database.
// A queue first used while its database is down caches the refusal for ever (bullmq 6.7): whoever opens one awaits it
// with a limit, and on failure throws it away.
import { type EngineName, type Secret, within } from '@berth/core';
import { createPostgresBackend, Queue } from 'bullmq';

export interface QueueOptions {
  url: Secret;
  /** Shown in pg_stat_activity. */
  process: string;
  onError(error: unknown): void;
}

/** History is kept for a day, so that the board has something to show. */
export const HISTORY = { age: 24 * 60 * 60 };

const OPEN_MS_MAX = 5_000;

/** BullMQ's connection; missing tables of its own are made by whoever comes first, under its own lock. */
export function connectionOf({ url, process }: QueueOptions, connectionsMax: number) {
  return {
    connectionString: url.reveal(),
    max: connectionsMax,
    migrate: true,
    application_name: `berth ${process} queue`,
    options: '-c synchronous_commit=off', // a nudge forgotten in a crash of the server is sent again
  };
}

/** One engine's queue of nudges. */
export type NudgeQueue = ReturnType<typeof makeQueue>;

/** The queue's name in BullMQ: `berth-postgresql`. */
export function queueName(engine: EngineName): string {
  return `berth-${engine}`;
}

/** Opens a queue and waits until it answers. Throws after five seconds; then there is nothing to close. */
export async function openQueue(engine: EngineName, options: QueueOptions): Promise<NudgeQueue> {
  const queue = makeQueue(engine, options);
  queue.on('error', options.onError);
  try {
    await within(OPEN_MS_MAX, 'The queue', queue.waitUntilReady());
    return queue;
  } catch (error) {
    void queue.close().catch(options.onError); // it may hang on what is down: nobody waits for it
    throw error;
  }
}

function makeQueue(engine: EngineName, options: QueueOptions) {
  return new Queue(queueName(engine), { connection: connectionOf(options, 2) }, createPostgresBackend);
}
