// The answer to every asynchronous request: the action and what it is about, at once or when the action has ended.
import { isEnded } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import type { Call } from '../../http/route';
import { waitForCaller } from '../../http/wait';
import type { ApiContext } from '../dialect';
import { showAction } from './actions';
import { readWait } from './prefer';

/**
 * 202 with `Location`; with `Prefer: wait=N` 200 as soon as the action has ended (a failed one too), 202 after that
 * time. `showSubject` is asked last, so that it shows the thing as the action left it.
 */
export async function answerAccepted(
  api: ApiContext,
  call: Call,
  accepted: ActionWithSteps,
  showSubject: () => Promise<object>,
): Promise<void> {
  const { request, response } = call;
  const waitS = readWait(request);
  const action = await waitForCaller(api, call, accepted, waitS === null ? 0 : waitS * 1000);
  if (waitS !== null) response.set('Preference-Applied', `wait=${waitS}`);
  const subject = await showSubject();
  response
    .status(waitS !== null && isEnded(action.state) ? 200 : 202)
    .location(`${request.baseUrl}/actions/${action.id}`)
    .json({ action: showAction(action), ...subject });
}
