// The answer to every asynchronous request: the action and what it is about, at once or when the action has ended.
import { type Caller, type Once, request } from '@berth/actions';
import { isEnded } from '@berth/core';
import type { Access, ActionWithSteps } from '@berth/store';
import { pathTo } from '../../http/links';
import { findKept, keep, readOnce, sendAnswer } from '../../http/once';
import type { Call } from '../../http/route';
import { waitForCaller } from '../../http/wait';
import type { ApiContext } from '../dialect';
import { readWait } from './prefer';
import { showAction } from './shapes/action';

/** Who asked, and whether it said that it may ask again. */
export interface Asked {
  access: Access;
  once: Once | null;
}

/**
 * 202 with `Location`; with `Prefer: wait=N` 200 as soon as the action has ended (a failed one too), 202 after that
 * time. `showSubject` is asked last, so that it shows the thing as the action left it. A repeated request is answered
 * word for word as the first was, if that had its answer by then.
 */
export async function answerAccepted(
  api: ApiContext,
  call: Call,
  { access, once }: Asked,
  accepted: ActionWithSteps,
  showSubject: () => Promise<object>,
): Promise<void> {
  const kept = await findKept(api, access, once);
  if (kept !== null) return sendAnswer(call, kept);
  const waitS = readWait(call.request);
  const action = await waitForCaller(api, call, accepted, waitS === null ? 0 : waitS * 1000);
  const answer = {
    status: waitS !== null && isEnded(action.state) ? 200 : 202,
    headers: {
      Location: pathTo(call.request, `/actions/${action.id}`),
      ...(waitS !== null && { 'Preference-Applied': `wait=${waitS}` }),
    },
    body: { action: showAction(action), ...(await showSubject()) },
  };
  await keep(api, access, once, answer);
  sendAnswer(call, answer);
}

/** Asks for the action, and answers as `answerAccepted` does. `showSubject` is asked last. */
export async function requestAndAnswer<Input>(
  api: ApiContext,
  call: Call & { caller: Caller },
  kind: Parameters<typeof request<Input>>[1],
  input: Input,
  showSubject: (action: ActionWithSteps) => Promise<object>,
): Promise<void> {
  const once = readOnce(api, call);
  const action = await request(api, kind, input, call.caller, once);
  await answerAccepted(api, call, { access: call.caller, once }, action, () => showSubject(action));
}
