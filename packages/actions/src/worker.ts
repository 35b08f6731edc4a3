// The life of a worker process: one engine, one process, one crash domain.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ACTION_KINDS, type ErrorCode } from '@berth/core';
import type { Engine } from '@berth/engines/contract';
import { type Consumer, openConsumer } from '@berth/queue';
import { type Lifetime, live, openLog, readConfig } from '@berth/runtime';
import { type OpenedContext, openContext } from './context';
import type { Outcome } from './note';
import { type RunOptions, run } from './run';
import { openSlots } from './slots';

/** Takes this engine's nudges until the process is stopped; then gives back what it holds between two steps. */
export async function runWorker(engine: Engine, faults: Pick<RunOptions, 'onMoment'> = {}): Promise<void> {
  const process = `worker-${engine.name}`;
  await live(openLog(process, 'info'), (lifetime) => start(engine, process, lifetime, faults));
}

async function start(engine: Engine, process: string, lifetime: Lifetime, faults: Pick<RunOptions, 'onMoment'>) {
  const { workerConcurrency: concurrency, serverConcurrency } = readConfig();
  const context = await openContext(process, concurrency + 2, lifetime);
  const slots = openSlots(serverConcurrency);
  const options = { engine, holder: `${hostname()}/${randomUUID()}`, stopping: lifetime.stopping, slots, ...faults };
  const { failed: onError, answered: onAnswer } = context.queueOutages;
  context.sender.queues([engine.name]).catch(onError);
  const consumer = openConsumer({
    url: context.config.queueUrl,
    process,
    engine: engine.name,
    concurrency,
    onError,
    onAnswer,
    work: (actionId, from) => {
      const trace = { kind: 'consumer', from, attributes: { 'berth.action.id': actionId } } as const;
      return context.tracing.begin('take nudge', trace, () => run(context, options, actionId));
    },
  });
  lifetime.onStop('consumer', consumer.close);
  watchConsumer(context, consumer);
  lifetime.announceReady({});
}

/** Failures that no tenant and no server is to blame for: each is one too many. */
const OUR_FAULTS: ErrorCode[] = ['internal', 'worker_lost', 'not_isolated', 'key_missing'];

/** What BerthActionsFail sets against each other, by kind alone: the codes that an action may fail with are no short list. */
const ENDINGS: Outcome[] = ['succeeded', 'failed', 'cancelled'];

/** A look ends within twelve seconds, whatever the queue does; the next begins two seconds later. */
const LOOKED_AGO_MS_MAX = 30_000;

/**
 * A worker lives as long as it looks at the queue; what the queue answers is no fault of its own, but without an answer it
 * cannot serve.
 */
export function watchConsumer({ config, health, metrics }: WatchedWorker, consumer: Consumer): void {
  const limit = `${LOOKED_AGO_MS_MAX / 1_000} s`;
  health.watchLiving('queue', () =>
    consumer.lookedAgoMs() > LOOKED_AGO_MS_MAX ? `It has not looked at the queue for more than ${limit}.` : null,
  );
  health.watchServing('queue', () =>
    consumer.isListening() ? null : { grade: 'unavailable', says: 'The queue does not answer; it is tried again.' },
  );
  metrics.collect('berth_queue_reachable', () => [{ labels: {}, value: consumer.isListening() ? 1 : 0 }]);
  metrics.collect('berth_queue_looked_seconds', () => [{ labels: {}, value: consumer.lookedAgoMs() / 1_000 }]);
  metrics.collect('berth_actions_in_hand', () => [{ labels: {}, value: consumer.inHandCount() }]);
  metrics.set('berth_worker_concurrency', {}, config.workerConcurrency);
  for (const kind of ACTION_KINDS) {
    metrics.expect('berth_claims_lost_total', { kind });
    for (const outcome of ENDINGS) metrics.expect('berth_action_duration_seconds', { kind, outcome });
    metrics.expect('berth_actions_postponed_total', { kind, code: 'server_unreachable' });
    for (const code of OUR_FAULTS) metrics.expect('berth_actions_ended_total', { kind, outcome: 'failed', code });
  }
}

type WatchedWorker = Pick<OpenedContext, 'health' | 'metrics'> & { config: { workerConcurrency: number } };
