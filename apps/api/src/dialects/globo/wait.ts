// The product answers when a thing is done; so do we where it is done soon. What takes longer goes on, and is polled as a task.
import { type Caller, cleanUpAfter, type Requestable, request } from '@berth/actions';
import { codeOf, isEnded, PlatformError } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import type { Call } from '../../http/route';
import { waitForCaller } from '../../http/wait';
import type { ApiContext } from '../dialect';

const WAIT_MS_MAX = 10_000;

/** Asks for the action and waits for its end; after ten seconds it is returned as it is then. Throws what its kind refuses. */
export async function requestAndWait<Input>(
  api: ApiContext,
  call: Call,
  kind: Requestable<Input>,
  input: Input,
  caller: Caller,
): Promise<ActionWithSteps> {
  try {
    return await waitForCaller(api, call, await request(api, kind, input, caller), WAIT_MS_MAX);
  } catch (error) {
    throw await namedByTask(api, error);
  }
}

/** Whether it is done. Throws `contradicts`, with why, when it failed or was called off. */
export function isDone(action: ActionWithSteps): boolean {
  if (action.state === 'succeeded') return true;
  if (!isEnded(action.state)) return false;
  throw new PlatformError('contradicts', action.error_message ?? 'It was called off before it was done.');
}

/** Whether it ended without what it was to make. */
export function isUnmade({ state }: ActionWithSteps): boolean {
  return isEnded(state) && state !== 'succeeded';
}

/** What a create left behind is taken away now: the caller is told that there is nothing. Safe to repeat. */
export async function forget(api: ApiContext, create: Parameters<typeof cleanUpAfter>[1]): Promise<void> {
  await cleanUpAfter(api, create).catch((error: unknown) => {
    if (!['contradicts', 'protected', 'not_found'].includes(codeOf(error))) throw error; // somebody else saw to it
  });
}

/** Callers know an action by its number: an error that names one by our id is told again. */
async function namedByTask({ store }: ApiContext, error: unknown): Promise<unknown> {
  const actionId = error instanceof PlatformError && error.code === 'contradicts' ? error.actionId : null;
  const action = actionId === null ? null : await store.actions.find(actionId);
  if (action === null) return error;
  return new PlatformError(
    'contradicts',
    `Task ${action.number} (${action.kind}) is under way. Try again when it has ended.`,
  );
}
