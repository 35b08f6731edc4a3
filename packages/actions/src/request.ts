// Requesting an action: everything that is promised goes into one transaction, then the queue is nudged. The answer
// does not wait for the queue: a nudge that is lost is sent again by maintenance.
import { traced } from '@berth/core';
import type { Action, ActionWithSteps, Nouns } from '@berth/store';
import type { Context } from './context';
import type { Change, Planning, Requestable, Requester } from './kind';
import { findKind } from './kinds';
import { subjectOf } from './kinds/change';
import { nudgeAsked } from './nudge';
import { type Once, takeOnce, tieOnce } from './once';
import { untilNotOvertaken } from './overtaken';

/**
 * Records the action and returns it as `queued`, or the one it joined. Throws what `plan` throws, with nothing written.
 * With `once` it is safe to repeat for a day: a second request returns the first one's action as it is now; `key_reused`
 * when it is not the same request. Without it, only if the kind says so.
 */
export async function request<Input>(
  context: Context,
  kind: Requestable<Input>,
  input: Input,
  requester: Requester,
  once: Once | null = null,
): Promise<ActionWithSteps> {
  const { action, isNew } = await traced(`request ${kind.name}`, {}, () =>
    write(context, kind, input, requester, once),
  );
  if (isNew) nudgeAsked(context, action);
  return action;
}

/** What the request writes, in one transaction. */
function write<Input>(
  context: Context,
  kind: Requestable<Input>,
  input: Input,
  requester: Requester,
  once: Once | null,
): Promise<{ action: ActionWithSteps; isNew: boolean }> {
  return untilNotOvertaken((locksFirst) =>
    context.store.transaction(async (tx) => {
      const repeated = await takeOnce(tx, requester, once);
      if (repeated !== null) return { action: repeated, isNew: false };
      const planned = await kind.plan(planningOf(context, tx, requester, locksFirst), input);
      if ('joins' in planned) {
        await tieOnce(tx, requester, once, planned.joins);
        return { action: { ...planned.joins, steps: [] }, isNew: false };
      }
      const action = await tx.actions.insert({ kind: kind.name, ...planned, requestedBy: requester?.id ?? null });
      await recordRequest(tx, action, planned.change, requester);
      await tieOnce(tx, requester, once, action);
      await planned.confirm?.();
      return { action: { ...action, steps: [] }, isNew: true };
    }),
  );
}

/** What `plan` is given in this transaction. */
export function planningOf(
  { clock, keyRing, hiddenQuarantine }: Context,
  tx: Nouns,
  requester: Requester,
  locksFirst: boolean,
): Planning {
  const cancelQueued = (databaseId: string) => cancelQueuedOf(tx, databaseId);
  return { tx, clock, keyRing, requester, hiddenQuarantine, locksFirst, cancelQueued };
}

/** One at a time: what one that is called off promised may be another's turn now. */
async function cancelQueuedOf(tx: Nouns, databaseId: string): Promise<void> {
  for (;;) {
    const [id] = await tx.actions.listQueued(databaseId);
    if (id === undefined) return;
    const cancelled = await tx.actions.cancel(id); // null: a worker took it, and it is not queued any more
    if (cancelled !== null) await findKind(cancelled.kind)?.withdraw?.(tx, cancelled);
  }
}

/** Who asked for what goes into the same commit. What Berth asks of itself is told by its events. */
async function recordRequest(tx: Nouns, action: Action, change: Change | undefined, requester: Requester) {
  if (requester === null) return;
  await tx.audit.record({
    deed: action.kind,
    who: requester,
    teamId: action.team_id,
    subjectId: subjectOf(action),
    actionId: action.id,
    before: change?.before ?? null,
    after: change?.after ?? null,
  });
}
