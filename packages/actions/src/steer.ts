// What people do to an action that was requested: cancel it, or have a failed one tried again.
import { isBegun, isEnded, PlatformError } from '@berth/core';
import type { Action, ActionWithSteps, Nouns, Nudge } from '@berth/store';
import type { Context } from './context';
import type { Caller } from './kind';
import { findKind } from './kinds';
import { subjectOf } from './kinds/change';
import { contradicts, getCredential } from './kinds/subjects';
import { refuseOutside } from './kinds/whole-credential';
import { nudgeAsked } from './nudge';
import { takeWrite } from './once';

/**
 * Cancels an action that nobody has begun, and takes back what it promised; asks a running database_create to stop
 * before its next step. Returns the action: `cancelled`, or still `running` where it was asked. Safe to repeat. Throws
 * `not_found`, `not_cancellable`, `in_use`; `name_taken` and `quota_exceeded` when a cancelled delete would need a name or a
 * place that another has by now.
 */
export async function cancelAction(context: Context, id: string, caller: Caller): Promise<ActionWithSteps> {
  const next = await context.store.transaction(async (tx) => {
    if (caller.once !== undefined) await takeWrite(tx, caller, caller.once);
    const action = await lockAction(tx, id, caller);
    if (action.state === 'cancelled') return [];
    refuseUncancellable(action);
    const kind = findKind(action.kind);
    if (await kind?.isOwed?.(tx, action))
      throw notCancellable(action, 'What it does is promised already, so it goes on until it is done');
    await recordSteering(tx, action, 'action_cancel', action.state === 'running' ? 'stopping' : 'cancelled', caller);
    if (action.state === 'running') return requestStop(tx, action);
    if ((await tx.actions.cancel(id)) === null) throw notCancellable(action, 'A worker takes it at this moment');
    await kind?.withdraw?.(tx, action);
    return tx.actions.nudgeNext(action);
  });
  for (const nudge of next) void context.sender.send(nudge);
  return getAction(context.store, id);
}

/**
 * Puts a failed action into its line once more, with all its tries before it. Throws `not_found`, `in_use`; `contradicts`
 * when it has not failed, or something done or asked since stands against it.
 */
export async function retryAction(context: Context, id: string, caller: Caller): Promise<ActionWithSteps> {
  const retried = await context.store.transaction(async (tx) => {
    if (caller.once !== undefined) await takeWrite(tx, caller, caller.once);
    const action = await lockAction(tx, id, caller);
    if (action.state !== 'failed') {
      throw new PlatformError('contradicts', `Only a failed action can be tried again; this one is ${action.state}.`);
    }
    const later = await tx.actions.findLater(action);
    if (later !== null) {
      throw contradicts(later.id, `A later ${later.kind} of the same thing is ${later.state}; ask anew instead.`);
    }
    await findKind(action.kind)?.revive?.(tx, action);
    await recordSteering(tx, action, 'action_retry', 'queued', caller);
    return tx.actions.retry(id);
  });
  if (retried !== null) nudgeAsked(context, retried);
  return getAction(context.store, id);
}

/**
 * The action, while nothing new is accepted about its database or credential. Throws `in_use` where it changes a login as a
 * whole, and that login has a database outside the caller's limits.
 */
async function lockAction(tx: Nouns, id: string, caller: Caller): Promise<ActionWithSteps> {
  const { credential_id, database_id, kind } = await getAction(tx, id);
  if (credential_id !== null) await tx.credentials.lock(credential_id);
  if (database_id !== null) await tx.databases.lock(database_id);
  if (WHOLE_LOGIN.includes(kind)) refuseOutside(caller, await getCredential(tx, credential_id));
  return getAction(tx, id);
}

/** Kinds that asked, when they were requested, for a caller that reaches every database of the login. */
const WHOLE_LOGIN = ['credential_reset', 'credential_delete'];

async function getAction(nouns: Nouns, id: string): Promise<ActionWithSteps> {
  const action = await nouns.actions.find(id);
  if (action === null) throw new PlatformError('not_found', `There is no action ${id}.`);
  return action;
}

/**
 * An action that was begun and then put off may have done half of its work on the server: only a create can be left
 * there, for a failed create is deleted by maintenance.
 */
function refuseUncancellable(action: Action): void {
  if (isEnded(action.state)) throw notCancellable(action, `It has ${action.state}`);
  if (action.kind === 'database_create') return;
  if (action.state === 'running') throw notCancellable(action, 'It is running');
  if (isBegun(action)) throw notCancellable(action, 'It was begun, and goes on by itself');
}

function notCancellable(action: Action, reason: string): PlatformError {
  const message = `The ${action.kind} ${action.id} cannot be cancelled. ${reason}.`;
  return new PlatformError('not_cancellable', message, { actionId: action.id });
}

async function requestStop(tx: Nouns, action: Action): Promise<Nudge[]> {
  if (action.database_id !== null) await tx.actions.requestCancelOfCreate(action.database_id);
  return [];
}

function recordSteering(tx: Nouns, action: Action, deed: string, state: string, caller: Caller): Promise<void> {
  return tx.audit.record({
    deed,
    who: caller,
    teamId: action.team_id,
    subjectId: subjectOf(action),
    actionId: action.id,
    before: { state: action.state },
    after: { state },
  });
}
