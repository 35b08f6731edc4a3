// Actions: what was asked, how far it is, how it ended.
import { cancelAction, isOperator, retryAction } from '@berth/actions';
import { ACTION_STATES, ERRORS, isEnded, isErrorCode, type StepState } from '@berth/core';
import type { Access, ActionWithSteps, Wait } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, READ, STEER } from './authenticate';
import { idOf, nothing, pageOf, pageQuery, showPage } from './fields';
import { getVisibleAction, isVisibleAction, limitsOf } from './reach';

const listQuery = z.strictObject({
  ...pageQuery,
  database_id: idOf('database').optional(),
  state: z.enum(ACTION_STATES).optional(),
});

export function actionRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/actions', handle: (call) => listActions(api, call) },
    { method: 'get', path: '/actions/:id', handle: (call) => getAction(api, call) },
    { method: 'post', path: '/actions/:id/cancel', handle: (call) => steerAction(api, call, cancelAction) },
    { method: 'post', path: '/actions/:id/retry', handle: (call) => steerAction(api, call, retryAction) },
  ];
}

async function listActions(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const query = parse(listQuery, call.request.query);
  const filter = {
    ...limitsOf(access),
    ...(!isOperator(access) && { withoutHidden: true as const }),
    ...(query.database_id !== undefined && { databaseId: query.database_id }),
    ...(query.state !== undefined && { state: query.state }),
  };
  call.response.json(showPage(await api.store.actions.list(filter, pageOf(query)), showAction));
}

async function getAction(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  const action = await getVisibleAction(api.store, access, call.request.params.id);
  call.response.json({ ...showAction(action), waiting: await findWaiting(api, access, action) });
}

async function findWaiting(api: ApiContext, access: Access, action: ActionWithSteps) {
  const wait = action.state === 'queued' ? await api.store.actions.findWait(action.id) : null;
  if (wait === null) return null;
  const isVisible = wait.ahead === null || (await isVisibleAction(api.store, access, wait.ahead.id));
  return showWait(action, wait, isVisible);
}

/** 200 when the action has ended by then, else 202: a running create stops between two steps, a retried action waits. */
async function steerAction(api: ApiContext, call: Call, steer: typeof cancelAction): Promise<void> {
  const access = await authenticate(api, call, STEER);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getVisibleAction(api.store, access, call.request.params.id);
  await answerOnce(api, call, access, async (asked) => {
    const action = await steer(api, id, asked);
    return {
      status: isEnded(action.state) ? 200 : 202,
      headers: { Location: `${call.request.baseUrl}/actions/${id}` },
      body: { action: showAction(action) },
    };
  });
}

/**
 * What a queued action waits for, the first that keeps it: a person reads it, and need not ask who is at fault. One that
 * works on a login of a database outside the reader's limits is not named.
 */
function showWait({ not_before, postponed_code }: ActionWithSteps, { ahead, server }: Wait, isVisible: boolean) {
  const nothing = { action_id: null, next_try_at: null };
  if (server !== null) {
    const remedy =
      server.state === 'offline' ? 'is offline. An operator puts it' : 'waits for a preflight that puts it';
    return { ...nothing, reason: 'server', message: `The server ${server.name} ${remedy} into use again.` };
  }
  if (ahead !== null && !isVisible) {
    return { ...nothing, reason: 'line', message: 'It runs after an action that changes one of its logins.' };
  }
  if (ahead !== null) {
    return { ...nothing, reason: 'line', message: `It runs after ${ahead.kind} ${ahead.id}.`, action_id: ahead.id };
  }
  if (postponed_code !== null && not_before !== null) {
    const title = isErrorCode(postponed_code) ? ERRORS[postponed_code].title : postponed_code;
    return { ...nothing, reason: 'next_try', message: `${title}. It is tried again.`, next_try_at: not_before };
  }
  return { ...nothing, reason: 'worker', message: 'A worker takes it as soon as one is free.' };
}

/** An action as the native API shows it. */
export function showAction(action: ActionWithSteps) {
  return {
    id: action.id,
    number: action.number,
    kind: action.kind,
    state: action.state,
    database_id: action.database_id,
    credential_id: action.credential_id,
    server_id: action.server_id,
    steps: showSteps(action),
    error: action.error_code === null ? null : { code: action.error_code, message: action.error_message },
    created_at: action.created_at,
    started_at: action.started_at,
    ended_at: action.ended_at,
  };
}

/**
 * All steps from the start: those of the latest attempt as they ended, then, while the action runs, one that is running,
 * then those that wait. A step is written when it ends, so that a running one has no time yet.
 */
function showSteps(action: ActionWithSteps) {
  const ended = new Map(action.steps.filter((step) => step.attempt === action.claim).map((step) => [step.name, step]));
  const running = action.state === 'running' ? action.step_names.find((name) => !ended.has(name)) : undefined;
  return action.step_names.map((name) => {
    const step = ended.get(name);
    const notEnded: StepState = name === running ? 'running' : 'waiting';
    return {
      name,
      state: step?.state ?? notEnded,
      attempt: action.claim,
      started_at: step?.started_at ?? null,
      ended_at: step?.ended_at ?? null,
      evidence: step?.evidence ?? {},
    };
  });
}
