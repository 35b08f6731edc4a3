// What requesting and running need, opened in one place from the environment. Passed on, never looked up.
import { type Clock, systemClock } from '@berth/core';
import { openSender, type Sender } from '@berth/queue';
import {
  type Config,
  type Health,
  type Lifetime,
  type Log,
  type Metrics,
  openLog,
  openTracing,
  readConfig,
  type Tracing,
} from '@berth/runtime';
import { type KeyRing, readKeyRing } from '@berth/secrets';
import { migrate, openStore, type Store } from '@berth/store';
import { checkKeys } from './check-keys';
import { openQueueOutages, type QueueOutages } from './queue-outages';
import { countNudges, openWatch, watchMeans } from './watch';

export interface Context {
  clock: Clock;
  /** Dialects whose permanent deletes keep the data, unseen by their clients. */
  hiddenQuarantine: readonly string[];
  keyRing: KeyRing;
  log: Log;
  metrics: Metrics;
  sender: Sender;
  store: Store;
  tracing: Tracing;
}

export interface OpenedContext extends Context {
  config: Config;
  health: Health;
}

/** As a process opens it. */
export interface ProcessContext extends OpenedContext {
  /** To be told by whatever else of the process speaks to the queue. */
  queueOutages: QueueOutages;
}

/**
 * Brings the store up to date (or refuses, by BERTH_MIGRATE) and opens everything; refuses when the keys do not open what is sealed; `lifetime` closes it at the end.
 * `connectionsMax` is this process's share of the store's connections, beside one to listen and those of the queue (two for each queue it sends to; a worker takes three more).
 */
export async function openContext(
  process: string,
  connectionsMax: number,
  lifetime: Lifetime,
): Promise<ProcessContext> {
  const config = readConfig();
  const log = openLog(process, config.logLevel);
  const watch = await openWatch(process, config, log, lifetime);
  const { health, metrics } = watch;
  const tracing = await openTracing(config.tracing, { process, log, metrics });
  lifetime.onStop('tracing', tracing.close);
  const keyRing = readKeyRing(config.keys, config.keysLost);
  const migrated = await migrate(config.storeUrl, config.migrate);
  if (migrated.length > 0) log.info({ count: migrated.length }, 'Applied the migrations that the store lacked');
  const store = openStore({ url: config.storeUrl, connectionsMax, process });
  lifetime.onStop('store', store.close);
  await checkKeys(store, keyRing);
  await store.exclusively('berth restored events', (tx) => tx.events.settleRestored());
  const clock = systemClock;
  const queueOutages = openQueueOutages(log, clock);
  const { failed: onError, answered: onAnswer } = queueOutages;
  const onAdvice = (advice: Error) => log.warn({ error: advice }, 'The queue works, but is not set up as it should be');
  const sender = countNudges(openSender({ url: config.queueUrl, process, onError, onAnswer, onAdvice }), metrics);
  lifetime.onStop('sender', sender.close);
  const { hiddenQuarantine } = config;
  watchMeans(watch, { clock, sender, store });
  return { clock, config, health, hiddenQuarantine, keyRing, log, metrics, queueOutages, sender, store, tracing };
}
