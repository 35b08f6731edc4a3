// Waiting for an action on behalf of a caller, no longer than the caller or this process stays.
import { type Context, waitForAction } from '@berth/actions';
import type { ActionWithSteps } from '@berth/store';
import type { Call } from './route';

/**
 * The action as it is when it ended, after `waitMs`, or when the process stops, whichever is first. With `waitMs` 0 one
 * that is still queued is taken as it is, and nothing is read.
 */
export async function waitForCaller(
  api: Context & { stopping: AbortSignal },
  { response }: Call,
  action: ActionWithSteps,
  waitMs: number,
): Promise<ActionWithSteps> {
  if (waitMs === 0 && action.state === 'queued') return action;
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    const giveUp = AbortSignal.any([api.stopping, gone.signal]);
    return await waitForAction(api.store, api.clock, action.id, waitMs, giveUp);
  } finally {
    response.off('close', leave);
  }
}
