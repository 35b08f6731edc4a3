// Waiting for an action on behalf of a caller, no longer than the caller or this process stays.
import { type Context, waitForAction } from '@berth/actions';
import type { ActionWithSteps } from '@berth/store';
import type { Call } from './route';

/** The action as it is when it ended, after `waitMs`, or when the process stops, whichever is first. */
export async function waitForCaller(
  api: Context & { stopping: AbortSignal },
  { response }: Call,
  actionId: string,
  waitMs: number,
): Promise<ActionWithSteps> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    const giveUp = AbortSignal.any([api.stopping, gone.signal]);
    return await waitForAction(api.store, api.clock, actionId, waitMs, giveUp);
  } finally {
    response.off('close', leave);
  }
}
