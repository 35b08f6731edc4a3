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
  call: Call,
  action: ActionWithSteps,
  waitMs: number,
): Promise<ActionWithSteps> {
  if (waitMs === 0 && action.state === 'queued') return action;
  return whileCallerStays(api, call, (giveUp) => waitForAction(api.store, api.clock, action.id, waitMs, giveUp));
}

/** What `wait` brings; it is told to give up when the caller has left, or this process stops. */
export async function whileCallerStays<T>(
  { stopping }: { stopping: AbortSignal },
  { response }: Call,
  wait: (giveUp: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    return await wait(AbortSignal.any([stopping, gone.signal]));
  } finally {
    response.off('close', leave);
  }
}
