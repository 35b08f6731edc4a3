// Duty: what is old enough is forgotten, each thing at its own age, one after the other, so that it takes one connection.
import {
  type Forgetting,
  forgetActions,
  forgetAudit,
  forgetDeliveries,
  forgetEvents,
  forgetGrants,
  forgetOnce,
  forgetRefreshes,
  forgetTombstones,
  type OpenedContext,
} from '@berth/actions';

type KeepDays = OpenedContext['config']['keepDays'];
type Forget = (context: OpenedContext, forgetting: Forgetting) => Promise<number>;

/** What is forgotten, by which age. A tombstone stays with the actions about it: where those are kept for ever, so is it. */
const AGES: { what: string; forget: Forget; daysOf(keep: KeepDays): number }[] = [
  { what: 'refreshes', forget: forgetRefreshes, daysOf: (keep) => keep.refreshes },
  { what: 'actions', forget: forgetActions, daysOf: (keep) => keep.actions },
  { what: 'grants', forget: forgetGrants, daysOf: (keep) => keep.tombstones },
  { what: 'tombstones', forget: forgetTombstones, daysOf: (keep) => (keep.actions === 0 ? 0 : keep.tombstones) },
  { what: 'deliveries', forget: forgetDeliveries, daysOf: (keep) => keep.deliveries },
  { what: 'events', forget: forgetEvents, daysOf: (keep) => keep.events },
  { what: 'audit', forget: forgetAudit, daysOf: (keep) => keep.audit },
  { what: 'idempotency_keys', forget: forgetOnce, daysOf: () => 1 },
];

/** Safe to repeat and to race. What cannot be forgotten now is logged, and keeps nothing else from it. */
export async function forgetOld(context: OpenedContext, stopping: AbortSignal): Promise<void> {
  const { config, log, metrics } = context;
  for (const { what } of AGES) metrics.expect('berth_forget_failures_total', { what });
  for (const { what, forget, daysOf } of AGES) {
    if (stopping.aborted) return;
    try {
      const count = await forget(context, { days: daysOf(config.keepDays), stopping });
      metrics.count('berth_forgotten_total', { what }, count);
      if (count > 0) log.info({ kind: what, count }, 'Forgot what is old enough');
    } catch (error) {
      metrics.count('berth_forget_failures_total', { what });
      log.error({ kind: what, error }, 'What is old enough could not be forgotten; it is tried again');
    }
  }
}
