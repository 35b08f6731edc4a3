// What those who look after maintenance can see: whether each duty still runs, and what waits in the whole Berth.
import type { OpenedContext } from '@berth/actions';
import { within } from '@berth/core';

type Watching = Pick<OpenedContext, 'clock' | 'health' | 'metrics' | 'store'>;

/** Beside three times its interval: a run may take this long and is still at work. */
const RUN_MS_MAX = 120_000;
/** A reading that hangs is given up, and another may be begun. */
const READ_MS_MAX = 10_000;
/** Counting databases reads them all. */
const COUNT_EVERY_MS = 60_000;

/**
 * Of one duty: how long its runs take and how they end. When none has ended, well or not, for three intervals and two minutes,
 * this process is called stuck. `begin` returns what is to be called with the outcome.
 */
export function watchDuty({ clock, health, metrics }: Watching, { name, everyMs }: { name: string; everyMs: number }) {
  let endedAtMs = clock.monotonicMs();
  const limitMs = 3 * everyMs + RUN_MS_MAX;
  health.watchLiving(name, () =>
    clock.monotonicMs() - endedAtMs > limitMs ? `No run of it has ended for more than ${limitMs / 1_000} s.` : null,
  );
  metrics.set('berth_duty_last_success_timestamp_seconds', { duty: name }, clock.now().getTime() / 1_000); // it has had no time yet
  for (const outcome of ['succeeded', 'failed']) metrics.expect('berth_duty_duration_seconds', { duty: name, outcome });
  return {
    begin() {
      const beganAtMs = clock.monotonicMs();
      return (outcome: 'succeeded' | 'failed') => {
        endedAtMs = clock.monotonicMs();
        metrics.observe('berth_duty_duration_seconds', { duty: name, outcome }, (endedAtMs - beganAtMs) / 1_000);
        if (outcome === 'failed') return;
        metrics.set('berth_duty_last_success_timestamp_seconds', { duty: name }, clock.now().getTime() / 1_000);
      };
    },
  };
}

/** What is open and what there is, read when somebody asks. Told by maintenance alone, so that nobody adds it up twice. */
export function watchFigures({ clock, metrics, store }: Watching): void {
  const openActions = sharedFor(500, clock, () => store.figures.listOpenActions());
  metrics.collect('berth_actions_open', async () =>
    (await openActions()).flatMap(({ engine, server, queued, postponed, running }) =>
      Object.entries({ queued, postponed, running }).map(([state, value]) => ({
        labels: { engine, server, state },
        value,
      })),
    ),
  );
  metrics.collect('berth_actions_waiting_oldest_seconds', async () =>
    (await openActions()).map(({ engine, server, oldestWaitingSeconds }) => ({
      labels: { engine, server },
      value: oldestWaitingSeconds,
    })),
  );
  metrics.collect('berth_events_lag_seconds', async () => [
    { labels: {}, value: (await store.events.findLagMs()) / 1_000 },
  ]);
  const counts = sharedFor(COUNT_EVERY_MS, clock, () => store.figures.listDatabaseCounts());
  metrics.collect('berth_databases', async () =>
    (await counts()).map(({ engine, state, count }) => ({ labels: { engine, state }, value: count })),
  );
}

/** One reading for whoever asks while it is made or within `keepMs` of its end; a failed one is not kept. */
function sharedFor<T>(keepMs: number, clock: OpenedContext['clock'], read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null;
  let kept: { untilMs: number; value: T } | null = null;
  return async () => {
    if (kept !== null && clock.monotonicMs() <= kept.untilMs) return kept.value;
    reading ??= within(READ_MS_MAX, 'The store', read()).finally(() => {
      reading = null;
    });
    const value = await reading;
    kept = { untilMs: clock.monotonicMs() + keepMs, value };
    return value;
  };
}
