// Sending nudges. A nudge is a best-effort word: a queue that is down never delays or fails a request, because the
// sweeper says everything again. What is lost is counted.
import { type EngineName, isEngineName } from '@berth/core';
import { HISTORY, type NudgeQueue, openQueue, type QueueOptions, within } from './connection';

/** A nudge is given up after this long. */
const SEND_MS_MAX = 250;

/** Closing what is broken may hang: nobody waits longer than this for it. */
const CLOSE_MS_MAX = 2_000;

export interface NudgeWord {
  /** The action. */
  id: string;
  engine: string;
  /** How many nudges this makes: a job id that BullMQ still knows would be swallowed silently. */
  nudges: number;
}

export interface Sender {
  /** Never throws. Returns whether the queue took it in time. Twice the same word is one job. */
  send(nudge: NudgeWord): Promise<boolean>;
  /** The open queues, for the board; opens those of `engines` that are not. Throws when the queue is down. */
  queues(engines: EngineName[]): Promise<NudgeQueue[]>;
  /** Whether the last word went through, and how many did not since the start. */
  health(): { reachable: boolean; failures: number };
  close(): Promise<void>;
}

export function openSender(options: QueueOptions): Sender {
  const opened = new Map<EngineName, Promise<NudgeQueue>>();
  const sending = new Set<Promise<unknown>>();
  const left = new Set<Promise<void>>();
  let failures = 0;
  let reachable = true;

  function queueOf(engine: EngineName): Promise<NudgeQueue> {
    const known = opened.get(engine);
    if (known !== undefined) return known;
    const opening = openQueue(engine, options);
    opened.set(engine, opening);
    opening.catch(() => opened.delete(engine));
    return opening;
  }

  /** A queue that failed once is not used again: its tables may be gone, or it may have cached a refusal. */
  function forget(engine: EngineName, broken: NudgeQueue): void {
    opened.delete(engine);
    const leaving = within(CLOSE_MS_MAX, broken.close())
      .catch(options.onError)
      .finally(() => left.delete(leaving));
    left.add(leaving);
  }

  async function add(engine: EngineName, nudge: NudgeWord): Promise<void> {
    const startedAt = performance.now();
    const queue = await within(SEND_MS_MAX, queueOf(engine)); // an opening that takes longer goes on for the next word
    try {
      const leftMs = SEND_MS_MAX - (performance.now() - startedAt);
      await within(leftMs, queue.add('nudge', { id: nudge.id }, jobOptions(nudge)));
    } catch (error) {
      forget(engine, queue);
      throw error;
    }
  }

  return {
    async send(nudge) {
      if (!isEngineName(nudge.engine)) return false;
      const adding = add(nudge.engine, nudge);
      sending.add(adding);
      try {
        await adding;
        reachable = true;
        return true;
      } catch (error) {
        failures += 1;
        reachable = false;
        options.onError(error);
        return false;
      } finally {
        sending.delete(adding);
      }
    },
    queues: (engines) => Promise.all(engines.map(queueOf)),
    health: () => ({ reachable, failures }),
    async close() {
      await Promise.allSettled(sending); // each is given up after SEND_MS_MAX
      const queues = await Promise.allSettled(opened.values());
      for (const queue of queues) if (queue.status === 'fulfilled') await queue.value.close();
      await Promise.all(left);
    },
  };
}

function jobOptions(nudge: NudgeWord) {
  return { jobId: `${nudge.id}-${nudge.nudges}`, attempts: 1, removeOnComplete: HISTORY, removeOnFail: HISTORY };
}
