// The product answers when a thing is done; so do we where it is done soon. What takes longer goes on, and is polled as a task.
import type { Caller, Requestable } from '@berth/actions';
import { PlatformError } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import { isFailed, reasonOf, requestAndWait as requestAndWaitFor } from '../../http/request-and-wait';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

/**
 * Asks for the action and waits for its end; after ten seconds it is returned as it is then, else it has succeeded. Throws what
 * its kind refuses; `contradicts`, with why, when it failed or was called off: then what a create left behind is being deleted.
 */
export async function requestAndWait<Input>(
  api: ApiContext,
  call: Call,
  kind: Requestable<Input>,
  input: Input,
  caller: Caller,
): Promise<ActionWithSteps> {
  const action = await requestAndWaitFor(api, call, kind, input, caller).catch(async (error: unknown) => {
    throw await namedByTask(api, error);
  });
  if (!isFailed(action)) return action;
  throw new PlatformError('contradicts', reasonOf(action));
}

/** Callers know an action by its number: an error that names one by our id is told again. */
export async function namedByTask({ store }: ApiContext, error: unknown): Promise<unknown> {
  const actionId = error instanceof PlatformError && error.code === 'contradicts' ? error.actionId : null;
  const action = actionId === null ? null : await store.actions.find(actionId);
  if (action === null) return error;
  return new PlatformError(
    'contradicts',
    `Task ${action.number} (${action.kind}) is under way. Try again when it has ended.`,
  );
}
