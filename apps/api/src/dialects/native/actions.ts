// Actions: what was asked, how far it is, how it ended.
import { cancelAction, isOperator, retryAction } from '@berth/actions';
import { ACTION_STATES, isEnded, isId } from '@berth/core';
import type { Access, ActionWithSteps, Polled, Wait } from '@berth/store';
import { z } from 'zod';
import { pathTo } from '../../http/links';
import { answerOnce } from '../../http/once';
import type { Success } from '../../http/operation';
import type { ApiContext } from '../dialect';
import { READ, STEER } from './authenticate';
import { type Asked, type Endpoint, endpoint } from './endpoint';
import { idOf, nothing, pageOf, pageQuery, showPage } from './fields';
import { getVisibleAction, isVisibleAction, limitsOf, visibleActionOf } from './reach';
import { actionShape, showAction, showWait, singleActionShape } from './shapes/action';
import { lists, shows } from './shapes/answers';
import { actionLike } from './shapes/example-actions';

const listQuery = z.strictObject({
  ...pageQuery,
  database_id: idOf('database').optional().describe('Only those about this database.'),
  state: z.enum(ACTION_STATES).optional().describe('Only those in this state.'),
});

/** The id of nothing: what has not the form of one does not reach the store. */
const NO_ID = '';

const about = { tag: 'Actions', noun: 'action' } as const;
const steered = (state: 'cancelled' | 'queued' | 'running', what: string): Success => ({
  what,
  schema: z.strictObject({ action: actionLike('database_create', state) }),
  headers: ['Location'],
});

export const actionEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/actions',
    id: 'listActions',
    summary: 'List actions',
    scopes: READ,
    query: listQuery,
    answers: lists(actionShape),
    handle: listActions,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/actions/:id',
    id: 'getAction',
    summary: 'Show an action, its steps, and what it waits for',
    scopes: READ,
    answers: shows(singleActionShape),
    findBy: (api, call) => async (secretHash) => {
      const { id } = call.request.params;
      const isAction = typeof id === 'string' && isId('action', id);
      const polled = await api.store.polls.find(secretHash, isAction ? id : NO_ID);
      call.response.locals.polled = polled;
      return polled?.access ?? null;
    },
    handle: getAction,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/actions/:id/cancel',
    id: 'cancelAction',
    summary: 'Cancel an action that nobody has begun, or a running create',
    scopes: STEER,
    body: nothing,
    answers: {
      200: steered('cancelled', 'It was cancelled.'),
      202: steered('running', 'It goes on: a running create stops between two steps.'),
    },
    errors: ['not_cancellable', 'in_use', 'name_taken', 'quota_exceeded'],
    examples: { 'still queued': { status: 200 }, 'a running create': { status: 202 } },
    handle: (api, call) => steerAction(api, call, cancelAction),
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/actions/:id/retry',
    id: 'retryAction',
    summary: 'Put a failed action into its line again',
    scopes: STEER,
    body: nothing,
    answers: { 202: steered('queued', 'It is queued again.') },
    errors: ['contradicts', 'in_use', 'name_taken', 'quota_exceeded'],
    handle: (api, call) => steerAction(api, call, retryAction),
  }),
];

async function listActions(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const query = call.query;
  const filter = {
    ...limitsOf(call.caller),
    ...(!isOperator(call.caller) && { withoutHidden: true as const }),
    ...(query.database_id !== undefined && { databaseId: query.database_id }),
    ...(query.state !== undefined && { state: query.state }),
  };
  call.response.json(showPage(await api.store.actions.list(filter, pageOf(query)), showAction));
}

/** Clients ask this again and again: all of it was read when the caller was let in. */
async function getAction(api: ApiContext, call: Asked): Promise<void> {
  const polled: Polled = call.response.locals.polled; // written by `findBy`, and nowhere else
  const action = visibleActionOf(call.caller, polled, call.request.params.id);
  call.response.json({ ...showAction(action), waiting: await showWaiting(api, call.caller, action, polled.wait) });
}

async function showWaiting(api: ApiContext, access: Access, action: ActionWithSteps, wait: Wait | null) {
  if (wait === null) return null;
  const isVisible = wait.ahead === null || (await isVisibleAction(api.store, access, wait.ahead.id));
  return showWait(action, wait, isVisible);
}

/** 200 when the action has ended by then, else 202: a running create stops between two steps, a retried action waits. */
async function steerAction(api: ApiContext, call: Asked, steer: typeof cancelAction): Promise<void> {
  const { id } = await getVisibleAction(api.store, call.caller, call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    const action = await steer(api, id, asked);
    return {
      status: isEnded(action.state) ? 200 : 202,
      headers: { Location: pathTo(call.request, `/actions/${id}`) },
      body: { action: showAction(action) },
    };
  });
}
