// How BullMQ is reached: one queue per engine, in the schema `bullmq` of a PostgreSQL database, or in Redis.
// A queue first used while its database is down caches the refusal for ever (bullmq 6.7): whoever opens one awaits it
// with a limit, and on failure throws it away.
import { type EngineName, type Secret, within } from '@berth/core';
import {
  type ConnectionOptions,
  createPostgresBackend,
  type IQueueBackend,
  type Job,
  type JobProgress,
  Queue,
  type RedisQueueBackend,
  Worker,
} from 'bullmq';
import { adviseOn } from './redis-advice';
import { type OpenRedis, openRedisClient } from './redis-client';
import { parseRedisUrl } from './redis-url';

export interface QueueOptions {
  /** `postgres://…`, or what `parseRedisUrl` reads. */
  url: Secret;
  /** Shown in pg_stat_activity, or in Redis's CLIENT LIST. */
  process: string;
  onError(error: unknown): void;
  /** Told whenever the queue did what it was asked. */
  onAnswer?(): void;
  /** Told what an operator should set up otherwise, though the queue works. */
  onAdvice?(advice: Error): void;
}

/**
 * What is over is kept for a day, so that the board has something to show, but no more than it can show: a job takes some
 * 1.4 kB of Redis (20,000 of them, MEMORY USAGE), which may throw nothing away by itself.
 */
export const HISTORY = { age: 24 * 60 * 60, count: 500 };

const OPEN_MS_MAX = 5_000;
/** Closing what is away may hang; then the connection is ended all the same. */
const CLOSE_MS_MAX = 2_000;
/** Connections to PostgreSQL that a queue, or a worker, may have. */
const CONNECTIONS_MAX = 2;
/** In braces: the keys of all queues are in one slot of a Cluster, for BullMQ's scripts touch several at once. */
const REDIS_PREFIX = '{berth}';

/** The queue's name in BullMQ: `berth-postgresql`. */
export function queueName(engine: EngineName): string {
  return `berth-${engine}`;
}

/** One engine's queue of nudges. */
export type NudgeQueue = ReturnType<typeof makeQueue>['queue'];

/** What was opened, and its two ends. */
interface Closable {
  /** In order: waits for work in hand. May hang on what is down. */
  close(): Promise<void>;
  /** For what broke: waits for nobody. Connections to Redis end at once; those to PostgreSQL when it or the system says so. */
  cut(): void;
}

export interface OpenQueue extends Closable {
  queue: NudgeQueue;
}

/** Opens a queue and waits until it answers. Throws after five seconds; then there is nothing to close. */
export async function openQueue(engine: EngineName, options: QueueOptions): Promise<OpenQueue> {
  const { advise, ...made } = makeQueue(engine, options);
  made.queue.on('error', options.onError);
  const open = await ready('The queue', made, made.queue.waitUntilReady());
  void advise().catch(options.onError); // nobody waits for it
  return open;
}

export interface OpenWorker extends Closable {
  worker: NudgeWorker;
}

export type NudgeWorker = ReturnType<typeof makeWorker>['worker'];

export interface WorkerOptions {
  concurrency: number;
  /** `traceparent`: as the nudge had it. */
  work(actionId: string, traceparent?: string): Promise<void>;
}

/** Opens a worker, which takes nothing before its `run`. Throws as `openQueue` does, whose tables it needs. */
export async function openWorker(
  engine: EngineName,
  options: QueueOptions,
  workerOptions: WorkerOptions,
): Promise<OpenWorker> {
  const made = makeWorker(engine, options, workerOptions);
  made.worker.on('error', options.onError);
  return ready('The worker of the queue', made, made.worker.waitUntilReady());
}

/** Closes in order, and after two seconds without. Never throws: `onError` hears of it. */
export async function closeSoon(open: Closable, onError: (error: unknown) => void): Promise<void> {
  try {
    await within(CLOSE_MS_MAX, 'The queue', open.close());
  } catch (error) {
    onError(error);
    open.cut();
  }
}

async function ready<T extends Closable>(what: string, made: T, waiting: Promise<unknown>): Promise<T> {
  try {
    await within(OPEN_MS_MAX, what, waiting);
    return made;
  } catch (error) {
    made.cut();
    throw error;
  }
}

function makeQueue(engine: EngineName, options: QueueOptions) {
  const name = queueName(engine);
  if (!isRedis(options)) {
    const queue = new Queue(name, { connection: postgresOf(options) }, createPostgresBackend);
    const close = () => queue.close();
    return { queue, close, cut: () => void close().catch(options.onError), advise: async () => {} };
  }
  const { client, end } = redisOf(options, false);
  const queue = new Queue(name, { connection: client, prefix: REDIS_PREFIX });
  const close = () => queue.close().finally(end); // BullMQ leaves a client open that it was given
  return { queue, close, cut: end, advise: () => adviseOn(client, options) };
}

function makeWorker(engine: EngineName, options: QueueOptions, { concurrency, work }: WorkerOptions) {
  const name = queueName(engine);
  const process = async ({ data, opts }: Job<NudgeData>) => work(data.id, opts.telemetry?.metadata);
  const shared = { concurrency, autorun: false };
  if (!isRedis(options)) {
    const worker = new CutWorker(name, process, { ...shared, connection: postgresOf(options) }, createPostgresBackend);
    const close = () => worker.close();
    const cut = () => {
      void close().catch(options.onError);
      worker.stopTimers();
    };
    return { worker, close, cut };
  }
  const { client, end } = redisOf(options, true); // never connected itself: BullMQ makes two copies of it
  const worker = new CutWorker(name, process, { ...shared, connection: client, prefix: REDIS_PREFIX });
  const cut = () => {
    void worker.close(true).catch(options.onError); // first: it lets its loop end
    worker.stopTimers();
    end();
  };
  return { worker, close: () => worker.close().finally(end), cut };
}

interface NudgeData {
  /** Of the action. */
  id: string;
}

/** BullMQ (6.7) stops a worker's timers after it has waited for its connections, which may be for ever. */
class CutWorker<Backend extends IQueueBackend = RedisQueueBackend, Connection = ConnectionOptions> extends Worker<
  NudgeData,
  void,
  string,
  Backend,
  JobProgress,
  Connection
> {
  /** Of what is being closed. */
  stopTimers(): void {
    void this.lockManager.close();
    const wakeStalledCheck: unknown = Reflect.get(this, 'stalledCheckStopper'); // private; awake, it sees that all is over
    if (typeof wakeStalledCheck === 'function') wakeStalledCheck();
  }
}

/** Throws `invalid_request` for a URL that no queue can be opened with. */
export function checkQueueUrl(options: Pick<QueueOptions, 'url'>): void {
  if (isRedis(options)) parseRedisUrl(options.url);
}

function isRedis({ url }: Pick<QueueOptions, 'url'>): boolean {
  return /^rediss?:/.test(url.reveal());
}

/** BullMQ's connection; missing tables of its own are made by whoever comes first, under its own lock. */
function postgresOf({ url, process }: QueueOptions) {
  return {
    connectionString: url.reveal(),
    max: CONNECTIONS_MAX,
    migrate: true,
    application_name: `berth ${process} queue`,
    options: '-c synchronous_commit=off', // a nudge forgotten in a crash of the server is sent again
  };
}

/** A nudge is not kept until Redis is back, for it is said again; a worker waits for Redis. */
function redisOf({ url, process }: QueueOptions, isPatient: boolean): OpenRedis {
  return openRedisClient({ url, name: `berth-${process.replaceAll(' ', '-')}-queue`, isPatient });
}
