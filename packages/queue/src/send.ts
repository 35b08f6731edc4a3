// Sending nudges. A nudge is a best-effort word: a queue that is down never delays or fails a request, because the
// sweeper says everything again. What is lost is counted.
import { type EngineName, isEngineName, systemClock, untraced, within } from '@berth/core';
import {
  checkQueueUrl,
  closeSoon,
  HISTORY,
  type NudgeQueue,
  type OpenQueue,
  openQueue,
  type QueueOptions,
} from './connection';

/** A nudge is given up after this long. */
const SEND_MS_MAX = 250;

export interface NudgeWord {
  /** The action. */
  id: string;
  engine: string;
  /** How many nudges this makes: a job id that BullMQ still knows would be swallowed silently. */
  nudges: number;
  /** W3C's `traceparent` of who asked for the action, where that is traced: random ids, nothing else. */
  traceparent?: string | undefined;
}

export interface Sender {
  /** Never throws. Returns whether the queue took it in time. Twice the same word is one job. */
  send(nudge: NudgeWord): Promise<boolean>;
  /** The open queues, for the board; opens those of `engines` that are not. Throws when the queue is down. */
  queues(engines: EngineName[]): Promise<NudgeQueue[]>;
  /** Whether the queue took the last word or opened since, and how many words it did not take since the start. */
  health(): { reachable: boolean; failures: number };
  close(): Promise<void>;
}

/** Opens each engine's queue with the first word for it. It must be closed. Throws `invalid_request` for a URL that cannot be. */
export function openSender(options: QueueOptions): Sender {
  checkQueueUrl(options);
  const queues = queuesOf({ ...options, ...once(options.onAdvice) });
  const sending = new Set<Promise<unknown>>();
  let failures = 0;
  let reachable = true;

  async function noting<T>(work: Promise<T>): Promise<T> {
    reachable = await work.then(
      () => true,
      () => false, // the caller hears of it below
    );
    if (reachable) options.onAnswer?.();
    return work;
  }

  return {
    async send(nudge) {
      if (!isEngineName(nudge.engine)) return false;
      const adding = addTo(queues, nudge.engine, nudge);
      sending.add(adding);
      try {
        await noting(adding);
        return true;
      } catch (error) {
        failures += 1;
        options.onError(error);
        return false;
      } finally {
        sending.delete(adding);
      }
    },
    queues: (engines) => noting(Promise.all(engines.map(async (engine) => (await queues.open(engine)).queue))),
    health: () => ({ reachable, failures }),
    async close() {
      await Promise.allSettled(sending); // each is given up after SEND_MS_MAX
      await queues.close();
    },
  };
}

/** The same advice is given once, however often a queue is opened anew. */
function once(onAdvice: QueueOptions['onAdvice']): Pick<QueueOptions, 'onAdvice'> {
  const given = new Set<string>();
  return {
    onAdvice(advice) {
      if (given.has(advice.message)) return;
      given.add(advice.message);
      onAdvice?.(advice);
    },
  };
}

/** The queues in use, one per engine, and those on their way out. */
function queuesOf(options: QueueOptions) {
  const opened = new Map<EngineName, Promise<OpenQueue>>();
  const closing = new Set<Promise<void>>();
  return {
    /** The engine's queue, opened if it is not. */
    open(engine: EngineName): Promise<OpenQueue> {
      const known = opened.get(engine);
      if (known !== undefined) return known;
      const opening = untraced(() => openQueue(engine, options)); // it outlives the request that happens to open it
      opened.set(engine, opening);
      opening.catch(() => opened.delete(engine));
      return opening;
    },
    /** A queue that failed once is not used again: its tables may be gone, or it may have cached a refusal. */
    forget(engine: EngineName, opening: Promise<OpenQueue>, broken: OpenQueue): void {
      if (opened.get(engine) !== opening) return; // another word found it broken before this one
      opened.delete(engine);
      const closed = closeSoon(broken, options.onError).finally(() => closing.delete(closed));
      closing.add(closed);
    },
    async close(): Promise<void> {
      const queues = await Promise.allSettled(opened.values());
      for (const queue of queues) if (queue.status === 'fulfilled') await closeSoon(queue.value, options.onError);
      await Promise.all(closing);
    },
  };
}

async function addTo(queues: ReturnType<typeof queuesOf>, engine: EngineName, nudge: NudgeWord): Promise<void> {
  const startedAtMs = systemClock.monotonicMs();
  const opening = queues.open(engine);
  const open = await within(SEND_MS_MAX, 'The queue', opening); // if it takes longer it is there for the next word
  const leftMs = SEND_MS_MAX - (systemClock.monotonicMs() - startedAtMs);
  const adding = open.queue.add('nudge', { id: nudge.id }, jobOptions(nudge));
  let isRefused = false;
  adding.catch(() => {
    isRefused = true;
  });
  try {
    await within(leftMs, 'The queue', adding);
  } catch (error) {
    // what was left after its opening may be too little for a far one: then the next word, which has all, tells. With half of it
    // as enough, words at a steady pace could each come at the same moment of an opening, and forget it every time.
    if (isRefused || leftMs > 0.9 * SEND_MS_MAX) queues.forget(engine, opening, open);
    throw error;
  }
}

/** The trace goes where BullMQ's own telemetry puts it, beside the data: they hold the id of the action alone. */
function jobOptions({ id, nudges, traceparent }: NudgeWord) {
  const trace = traceparent === undefined ? {} : { telemetry: { metadata: traceparent } };
  return { jobId: `${id}-${nudges}`, attempts: 1, removeOnComplete: HISTORY, removeOnFail: HISTORY, ...trace };
}
