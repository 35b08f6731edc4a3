// The life of a worker process: one engine, one process, one crash domain.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Engine } from '@berth/engines/contract';
import { openConsumer } from '@berth/queue';
import { type Lifetime, live, openLog, readConfig } from '@berth/runtime';
import { openContext } from './context';
import { type RunOptions, run } from './run';

/** Takes this engine's nudges until the process is stopped; then gives back what it holds between two steps. */
export async function runWorker(engine: Engine, faults: Pick<RunOptions, 'onMoment'> = {}): Promise<void> {
  const process = `worker-${engine.name}`;
  await live(openLog(process, 'info'), (lifetime) => start(engine, process, lifetime, faults));
}

async function start(engine: Engine, process: string, lifetime: Lifetime, faults: Pick<RunOptions, 'onMoment'>) {
  const { workerConcurrency: concurrency } = readConfig();
  const context = await openContext(process, concurrency + 2, lifetime);
  const options = { engine, holder: `${hostname()}/${randomUUID()}`, stopping: lifetime.stopping, ...faults };
  context.sender
    .queues([engine.name])
    .catch((error: unknown) => context.log.warn({ error }, 'The queue is not there yet'));
  const consumer = openConsumer({
    url: context.config.queueUrl,
    process,
    engine: engine.name,
    concurrency,
    onError: (error) => context.log.warn({ error }, 'The queue does not answer as it should; trying again'),
    work: (actionId) => run(context, options, actionId),
  });
  lifetime.onStop('consumer', consumer.close);
  lifetime.announceReady({});
}
