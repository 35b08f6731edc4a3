// What is old enough is forgotten, a bite at a time: each bite is a short transaction, and between two of them whoever
// else wants the store has it for as long as the bite took. Any number of processes may do so at once.
import { setTimeout as pause } from 'node:timers/promises';
import type { Batch, Nouns } from '@berth/store';
import type { Context } from './context';

export interface Forgetting {
  /** What ended longer ago than this many days is forgotten; 0 is never. */
  days: number;
  /** Aborted: no other bite is taken. */
  stopping: AbortSignal;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** A run ends after this long; what is left is for the next one. */
const RUN_MS_MAX = 5 * 60_000;

/** Ended actions with their steps, but for the newest of each kind about what lives. Returns how many, as all of these do. */
export const forgetActions = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before, after) => tx.actions.removeEnded('others', before, after));

/** Preflights and other looks at servers, but for the newest of each kind. */
export const forgetRefreshes = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before, after) => tx.actions.removeEnded('refreshes', before, after));

/** Events, with their deliveries, unless one is still to be made. */
export const forgetEvents = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before, after) => tx.oldEvents.removeEvents(before, after));

/** Deliveries that ended. */
export const forgetDeliveries = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before) => tx.oldEvents.removeDeliveries(before));

/** Entries of the audit. */
export const forgetAudit = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before, after) => tx.audit.removeOld(before, after));

/** Grants that were revoked. */
export const forgetGrants = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before) => tx.tombstones.removeGrants(before));

/** Deleted databases and logins of which no action tells any more, with their grants. */
export async function forgetTombstones(context: Context, forgetting: Forgetting): Promise<number> {
  const databases = await forgetOlder(context, forgetting, (tx, before) => tx.tombstones.removeDatabases(before));
  return databases + (await forgetOlder(context, forgetting, (tx, before) => tx.tombstones.removeCredentials(before)));
}

/** The keys of requests (Idempotency-Key). They hold for a day, by the store's clock. */
export const forgetOnce = (context: Context, forgetting: Forgetting): Promise<number> =>
  forgetOlder(context, forgetting, (tx, before) => tx.idempotency.removeOld(before));

async function forgetOlder(
  { clock, store }: Context,
  { days, stopping }: Forgetting,
  remove: (tx: Nouns, before: Date, after: number) => Promise<Batch>,
): Promise<number> {
  if (days === 0) return 0;
  const before = new Date(clock.now().getTime() - days * DAY_MS);
  const startedMs = clock.monotonicMs();
  let after: number | null = 0;
  let forgotten = 0;
  while (after !== null && !stopping.aborted && clock.monotonicMs() - startedMs < RUN_MS_MAX) {
    const begunMs = clock.monotonicMs();
    const from: number = after;
    const { removed, next } = await store.briefly((tx) => remove(tx, before, from));
    forgotten += removed;
    after = next;
    if (after !== null) await pause(clock.monotonicMs() - begunMs, undefined, { signal: stopping }).catch(() => {}); // it stops
  }
  return forgotten;
}
