// Taking nudges of one engine. Nothing is decided here: the work claims its action in the store, so a nudge that comes
// twice, late or never costs time, not truth. A consumer whose queue broke throws it away and opens a new one.
import { type Clock, type EngineName, systemClock, within } from '@berth/core';
import { checkQueueUrl, closeSoon, openQueue, openWorker, type QueueOptions } from './connection';

export interface ConsumeOptions extends QueueOptions {
  engine: EngineName;
  /** How many actions are worked on at once. */
  concurrency: number;
  /** Default: this machine's. */
  clock?: Clock;
  /** Works on one action by its id. What it throws is the board's to show; the action's own row tells the truth. */
  work(actionId: string, traceparent?: string): Promise<void>;
}

export interface Consumer {
  /** Whether the queue answered when it was last looked at, a few seconds ago at most. */
  isListening(): boolean;
  /** How long ago the last look at the queue ended, answered or not: seconds, unless this process hangs. */
  lookedAgoMs(): number;
  /** How many actions are worked on now. */
  inHandCount(): number;
  /** Takes no more nudges and waits for the work in hand. */
  close(): Promise<void>;
}

/** How often the queue is looked at, and how long an answer may take, before the consumer is opened anew. */
const LOOK_EVERY_MS = 2_000;
const LOOK_MS_MAX = 2_000;

interface Open {
  /** How many nudges wait. */
  look(): Promise<number>;
  close(): Promise<void>;
  cut(): void;
}

/**
 * Opens a consumer that keeps itself open. Never throws for a queue that is down: it tries again. Throws `invalid_request`
 * for a URL that cannot be.
 */
export function openConsumer(options: ConsumeOptions): Consumer {
  checkQueueUrl(options);
  const { onError } = options;
  const inHand = new Set<Promise<void>>();
  const line = watchLine(() => inHand.size < options.concurrency);
  const work = (actionId: string, traceparent?: string): Promise<void> => {
    line.taken();
    const working = options.work(actionId, traceparent).finally(() => inHand.delete(working));
    inHand.add(working);
    return working;
  };
  let open: Open | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> = Promise.resolve();
  const { clock = systemClock } = options;
  let lookedAtMs = clock.monotonicMs();

  async function lookOnce(): Promise<void> {
    try {
      open ??= await openBoth({ ...options, work });
      line.look(await within(LOOK_MS_MAX, 'The queue', open.look()));
      options.onAnswer?.();
    } catch (error) {
      onError(error);
      line.forget();
      open?.cut(); // its work in hand goes on; it claims nothing new
      open = null;
    }
  }

  function lookAgain(): void {
    looking = lookOnce().then(() => {
      lookedAtMs = clock.monotonicMs();
      if (!closed) timer = setTimeout(lookAgain, LOOK_EVERY_MS);
    });
  }

  lookAgain();
  return {
    isListening: () => open !== null,
    lookedAgoMs: () => clock.monotonicMs() - lookedAtMs,
    inHandCount: () => inHand.size,
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await looking;
      const closing = open?.close() ?? Promise.resolve(); // takes no more from here on
      closing.catch(() => {}); // looked at below
      await Promise.allSettled(inHand); // of a queue that broke as well
      if (open !== null) await closeSoon({ close: () => closing, cut: open.cut }, onError);
    },
  };
}

/** A worker may fall silent on a connection of its own while the queue answers: then nudges wait and none is taken. */
function watchLine(hasRoom: () => boolean) {
  let count = 0;
  let countWhenWaiting: number | null = null;
  return {
    taken() {
      count += 1;
    },
    /** Throws when nudges waited at this look and the one before, and none was taken in between. */
    look(waiting: number) {
      const isWaiting = waiting > 0 && hasRoom();
      if (isWaiting && countWhenWaiting === count) throw new Error('The queue holds nudges and gives none');
      countWhenWaiting = isWaiting ? count : null;
    },
    forget() {
      countWhenWaiting = null;
    },
  };
}

async function openBoth(options: ConsumeOptions): Promise<Open> {
  const queue = await openQueue(options.engine, options); // makes the tables if they are missing
  const worker = await openWorker(options.engine, options, options).catch((error: unknown) => {
    queue.cut();
    throw error;
  });
  void worker.worker.run().catch(options.onError);
  return {
    look: async () => (await queue.queue.getJobCounts('waiting')).waiting ?? 0, // without those of a queue that was paused
    async close() {
      await worker.close();
      await queue.close();
    },
    cut() {
      worker.cut();
      queue.cut();
    },
  };
}
