// What those who look after a process can see of it, whichever process it is: its store, its queue, its nudges.
import { type Clock, within } from '@berth/core';
import type { Sender } from '@berth/queue';
import {
  type Config,
  type Health,
  type Hindrance,
  type Lifetime,
  type Log,
  type Metrics,
  openHealth,
  openMetrics,
  openWatchDoor,
} from '@berth/runtime';
import type { Store } from '@berth/store';

/** What those who look after a process are told by. */
export interface Watch {
  health: Health;
  metrics: Metrics;
}

/** A store that takes longer to say one word is called down. Shorter than what an answer with metrics waits for. */
const PING_MS_MAX = 1_500;
/** All connections in use is not down, where one of them was answered since: a burst would take every api out of service at once. */
const ANSWERED_AGO_MS_MAX = 15_000;

/**
 * Opens the metrics and the health of a process and, where BERTH_METRICS_PORT is set, the door to them: first of all, so that
 * a start that hangs can be looked at too. `lifetime` closes it last.
 */
export async function openWatch(process: string, config: Config, log: Log, lifetime: Lifetime): Promise<Watch> {
  const metrics = openMetrics(process);
  const health = openHealth(lifetime);
  const { host, port } = config.metrics;
  if (port !== null) {
    metrics.watchProcess();
    const door = await openWatchDoor({ host, port, health, log, metrics });
    lifetime.onStop('watch door', door.close);
    lifetime.note({ metricsUrl: door.url });
    log.info({ url: door.url }, 'Metrics and health are told here');
  }
  return { health, metrics };
}

/** Has the store and the way to the queue told of. A store that is down is a hindrance; a queue that is down makes up for itself. */
export function watchMeans(
  { health, metrics }: Watch,
  { clock, sender, store }: { clock: Clock; sender: Sender; store: Store },
): void {
  const look = storeLook(store, clock);
  health.watchServing('store', async () => HINDRANCES[await look()]);
  health.watchServing('queue', () =>
    sender.health().reachable
      ? null
      : { grade: 'degraded', says: 'The queue did not take the last nudge; maintenance sends it again.' },
  );
  // before the store is asked for a word: that word itself would be told as in use, or waiting
  metrics.collect('berth_store_connections', () => {
    const { inUse, idle, waiting } = store.connections();
    const values = { in_use: inUse, idle, waiting };
    return Object.entries(values).map(([state, value]) => ({ labels: { state }, value }));
  });
  metrics.collect('berth_store_up', async () => [{ labels: {}, value: (await look()) === 'down' ? 0 : 1 }]);
  metrics.collect('berth_queue_reachable', () => [{ labels: {}, value: sender.health().reachable ? 1 : 0 }]);
}

type StoreState = 'up' | 'crowded' | 'down';

const HINDRANCES: Record<StoreState, Hindrance | null> = {
  up: null,
  crowded: { grade: 'degraded', says: 'All connections to the store are in use, and queries wait for one.' },
  down: { grade: 'unavailable', says: 'The store does not answer.' },
};

/** Whoever looks while somebody does shares that look: it takes a connection that others may wait for. */
function storeLook(store: Store, clock: Clock): () => Promise<StoreState> {
  let looking: Promise<StoreState> | null = null;
  return () => {
    looking ??= lookAtStore(store, clock).finally(() => {
      looking = null;
    });
    return looking;
  };
}

async function lookAtStore(store: Store, clock: Clock): Promise<StoreState> {
  const answer = store.ping().then<StoreState, StoreState>(
    () => 'up',
    () => 'down', // refused at once, however many wait
  );
  return within(PING_MS_MAX, 'The store', answer).catch((): StoreState => {
    const { waiting, answeredAtMs } = store.connections();
    const isAnswered = answeredAtMs !== null && clock.monotonicMs() - answeredAtMs <= ANSWERED_AGO_MS_MAX;
    return waiting > 0 && isAnswered ? 'crowded' : 'down';
  });
}

/** The same sender, its nudges counted. */
export function countNudges(sender: Sender, metrics: Metrics): Sender {
  for (const outcome of ['sent', 'lost']) metrics.expect('berth_nudges_total', { outcome });
  return {
    ...sender,
    async send(nudge) {
      const isSent = await sender.send(nudge);
      metrics.count('berth_nudges_total', { outcome: isSent ? 'sent' : 'lost' });
      return isSent;
    },
  };
}
