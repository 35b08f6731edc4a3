// What the metrics are told of actions: how long each waited and took, and how it ended.
import { currentSpan, type ErrorCode } from '@berth/core';
import type { Action } from '@berth/store';
import type { Context } from './context';

/** How an attempt ended; the first three end the action as well. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'postponed' | 'released';

/** Of the first claim alone: those after it waited for other things. By the store's clock. */
export function notePickup({ metrics }: Context, { kind, claim, created_at, started_at }: Action): void {
  if (claim !== 1 || started_at === null) return;
  const waitedMs = Math.max(0, started_at.getTime() - created_at.getTime());
  metrics.observe('berth_action_pickup_seconds', { kind }, waitedMs / 1_000);
}

/** Of an attempt whose end is written. `code` is of the error that ended it. */
export function noteEnd(
  context: Context,
  action: Action,
  outcome: Outcome,
  claimedAtMs: number,
  code?: ErrorCode,
): void {
  const { clock, metrics } = context;
  const { kind } = action;
  metrics.observe('berth_action_duration_seconds', { kind, outcome }, (clock.monotonicMs() - claimedAtMs) / 1_000);
  currentSpan()?.set({ 'berth.action.outcome': outcome });
  if (outcome === 'released') return;
  if (code !== undefined && outcome !== 'cancelled') currentSpan()?.fail(code);
  if (outcome === 'postponed') metrics.count('berth_actions_postponed_total', { kind, code: code ?? 'internal' });
  else
    metrics.count('berth_actions_ended_total', {
      kind,
      outcome,
      code: outcome === 'failed' ? (code ?? 'internal') : '',
    });
}
