// Requesting an action: everything that is promised goes into one transaction, then the queue is nudged. The answer
// does not wait for the queue: a nudge that is lost is sent again by maintenance.
import type { Action, ActionWithSteps, Nouns } from '@berth/store';
import type { Context } from './context';
import type { Change, Kind, Requester } from './kind';

/**
 * Records the action and returns it as `queued`, or the one it joined. Throws what `plan` throws, with nothing written.
 * Not safe to repeat unless the kind says so.
 */
export async function request<Input>(
  context: Context,
  kind: Kind<Input>,
  input: Input,
  requester: Requester,
): Promise<ActionWithSteps> {
  const { action, isNew } = await context.store.transaction(async (tx) => {
    const planned = await kind.plan({ tx, keyRing: context.keyRing, requester }, input);
    if ('joins' in planned) return { action: planned.joins, isNew: false };
    const action = await tx.actions.insert({ ...planned, kind: kind.name, requestedBy: requester?.id ?? null });
    await recordRequest(tx, action, planned.change, requester);
    return { action, isNew: true };
  });
  if (isNew) void context.sender.send(action); // it never throws, counts what it lost, and nobody waits for it
  return { ...action, steps: [] };
}

/** Who asked for what goes into the same commit. What Berth asks of itself is told by its events. */
async function recordRequest(tx: Nouns, action: Action, change: Change | undefined, requester: Requester) {
  if (requester === null) return;
  await tx.audit.record({
    deed: action.kind,
    who: requester,
    teamId: action.team_id,
    subjectId: action.credential_id ?? action.database_id ?? action.server_id,
    actionId: action.id,
    before: change?.before ?? null,
    after: change?.after ?? null,
  });
}
