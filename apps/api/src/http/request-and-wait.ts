// For products that answer when a thing is done: what is done soon is answered as done, and what takes longer goes on.
import { type Caller, type Context, cleanUpAfter, type Requestable, request } from '@berth/actions';
import { codeOf, isEnded } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import type { Call } from './route';
import { waitForCaller } from './wait';

const WAIT_MS_MAX = 10_000;

const CREATES = ['credential_create', 'database_create'];

/**
 * Asks for the action and waits for its end; after ten seconds it is returned as it is then. What a create left behind that
 * failed or was called off within that time is being deleted: its caller is to be told that there is nothing. Throws what its kind refuses.
 */
export async function requestAndWait<Input>(
  api: Context & { stopping: AbortSignal },
  call: Call,
  kind: Requestable<Input>,
  input: Input,
  caller: Caller,
): Promise<ActionWithSteps> {
  const asked = await request(api, kind, input, caller);
  const action = await waitForCaller(api, call, asked, WAIT_MS_MAX);
  if (isFailed(action) && CREATES.includes(action.kind)) await cleanUpAfter(api, action);
  return action;
}

/** Whether it ended without being done. */
export function isFailed({ state }: Pick<ActionWithSteps, 'state'>): boolean {
  return isEnded(state) && state !== 'succeeded';
}

/** Why it was not done, for whoever asked for it: the engine's reason, where it has one. */
export function reasonOf({ error_message }: Pick<ActionWithSteps, 'error_message'>): string {
  return error_message ?? 'It was called off before it was done.';
}

/**
 * What `ask` asks for, a create of this name. What this access asked for before and what failed after it was answered is in its way,
 * unseen (in this environment, where one is named): that is being deleted then, and it is asked once more. Throws what `ask` throws.
 */
export async function askOverFailed(
  api: Context,
  access: Caller,
  place: { environment?: string | undefined; name: string },
  ask: () => Promise<ActionWithSteps>,
): Promise<ActionWithSteps> {
  try {
    return await ask();
  } catch (error) {
    if (codeOf(error) !== 'name_taken' || !(await cleanUpFailed(api, access, place))) throw error;
    return ask();
  }
}

/** Whether there was such a one; then the name is free, unless it is being tried again. */
async function cleanUpFailed(
  api: Context,
  access: Caller,
  { environment, name }: { environment?: string | undefined; name: string },
): Promise<boolean> {
  const same = await api.store.databases.listByName(access.team_id, name);
  const failed = same.find(({ access_id, environment_id, state }) => {
    const isThere = environment === undefined || environment_id === environment;
    return state === 'failed' && access_id === access.id && isThere;
  });
  if (failed === undefined) return false;
  await cleanUpAfter(api, { kind: 'database_create', database_id: failed.id, credential_id: null });
  return true;
}
