// What is old enough is forgotten, a bite at a time: each bite is a short transaction, and between two of them whoever
// else wants the store has it for as long as the bite took. Any number of processes may do so at once.
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '@berth/runtime';
import type { Batch, Nouns } from '@berth/store';
import type { Context } from './context';

/** One sort of thing that is forgotten. */
export interface Forgettable {
  /** As metrics and the log call it. */
  what: string;
  /** What ended longer ago than this many days goes; 0 is never. */
  days(keep: Config['keepDays']): number;
  /** One bite of what ended before `before`, from `after` on. Safe to repeat and to race. */
  remove(tx: Nouns, before: Date, after: number): Promise<Batch>;
}

/** What is forgotten, in this order: a tombstone when no action tells of it any more, an event after its deliveries. */
export const FORGETTABLE: readonly Forgettable[] = [
  {
    what: 'refreshes',
    days: (keep) => keep.refreshes,
    remove: (tx, before, after) => tx.actions.removeEnded('refreshes', before, after),
  },
  {
    what: 'actions',
    days: (keep) => keep.actions,
    remove: (tx, before, after) => tx.actions.removeEnded('others', before, after),
  },
  { what: 'grants', days: (keep) => keep.tombstones, remove: (tx, before) => tx.tombstones.removeGrants(before) },
  { what: 'tombstones', days: tombstoneDays, remove: (tx, before) => tx.tombstones.removeDatabases(before) },
  { what: 'tombstones', days: tombstoneDays, remove: (tx, before) => tx.tombstones.removeCredentials(before) },
  {
    what: 'deliveries',
    days: (keep) => keep.deliveries,
    remove: (tx, before) => tx.oldEvents.removeDeliveries(before),
  },
  {
    what: 'events',
    days: (keep) => keep.events,
    remove: (tx, before, after) => tx.oldEvents.removeEvents(before, after),
  },
  { what: 'audit', days: (keep) => keep.audit, remove: (tx, before, after) => tx.audit.removeOld(before, after) },
  { what: 'sessions', days: () => 1, remove: (tx, before, after) => tx.oldSessions.remove(before, after) },
  // how long they hold is the store's to say, in the same words by which it takes one
  { what: 'idempotency_keys', days: () => 1, remove: (tx) => tx.idempotency.removeLapsed() },
];

/** Where those are kept for ever, a tombstone is so as well: it stays with the actions about it. */
function tombstoneDays(keep: Config['keepDays']): number {
  return keep.actions === 0 ? 0 : keep.tombstones;
}

export interface Bites {
  /** What ended before is old. */
  before: Date;
  /** Where the first bite begins: 0, or where the run before was cut off. */
  after: number;
  /** No bite is begun from then on, by the clock's monotonic count. */
  untilMs: number;
  /** Aborted: no other bite is taken. */
  stopping: AbortSignal;
  /** Told after each bite how many rows it removed. */
  onBite(removed: number): void;
}

/** Takes bite after bite. Returns null when nothing that old is left, or where it was cut off. Throws what a bite threw. */
export async function forget(
  { clock, store }: Pick<Context, 'clock' | 'store'>,
  { remove }: Pick<Forgettable, 'remove'>,
  { before, after, untilMs, stopping, onBite }: Bites,
): Promise<number | null> {
  let from: number | null = after;
  while (from !== null && !stopping.aborted && clock.monotonicMs() < untilMs) {
    const begunMs = clock.monotonicMs();
    const begin: number = from;
    const { removed, next } = await store.briefly((tx) => remove(tx, before, begin));
    onBite(removed);
    from = next;
    const endedMs = clock.monotonicMs();
    const pauseMs = Math.min(endedMs - begunMs, untilMs - endedMs);
    if (from !== null && pauseMs > 0) await pause(pauseMs, undefined, { signal: stopping }).catch(() => {}); // it stops
  }
  return from;
}
