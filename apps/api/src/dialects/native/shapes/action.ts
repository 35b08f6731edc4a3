// An action as the native API shows it: what was asked, its steps, how it ended, and what it waits for.
import { ACTION_KINDS, ACTION_STATES, ERRORS, isErrorCode, STEP_STATES, type StepState } from '@berth/core';
import type { ActionWithSteps, Wait } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { idShape as id } from '../../../http/id-shape';
import { type Shown, time, timeText } from './parts';

const stepShape = z.strictObject({
  name: z.string(),
  state: z.enum(STEP_STATES),
  attempt: z.int(),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  evidence: z
    .record(z.string(), z.unknown())
    .describe('What was seen of it, with the same fields on every engine (docs/evidence.md). Never a secret.'),
});

const fields = {
  id: id('action'),
  number: z.int(),
  kind: z.enum(ACTION_KINDS),
  state: z.enum(ACTION_STATES),
  database_id: id('database').nullable(),
  credential_id: id('credential').nullable(),
  server_id: id('server'),
  steps: z.array(stepShape).describe('All of them from the start, as they are in the latest attempt.'),
  error: z
    .strictObject({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Why it failed: a code of /docs/errors, and what to do.'),
  created_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
};

const EXAMPLE = {
  id: EXAMPLE_IDS.action,
  number: 108,
  kind: 'database_create' as const,
  state: 'queued' as const,
  database_id: EXAMPLE_IDS.database,
  credential_id: EXAMPLE_IDS.credential,
  server_id: EXAMPLE_IDS.server,
  steps: [
    { name: 'reserve_names', state: 'waiting' as const, attempt: 0, started_at: null, ended_at: null, evidence: {} },
  ],
  error: null,
  created_at: EXAMPLE_TIMES.asked,
  started_at: null,
  ended_at: null,
};

export const actionShape = z.strictObject(fields).meta({
  id: 'Action',
  description: 'One asynchronous deed. It has ended when its state is `succeeded`, `failed` or `cancelled`.',
  examples: [EXAMPLE],
});

const waitingShape = z.strictObject({
  reason: z.enum(['server', 'line', 'next_try', 'server_full', 'worker']),
  message: z.string(),
  action_id: id('action').nullable().describe('The one that runs first, for `line`.'),
  next_try_at: time.nullable().describe('For `next_try`.'),
});

/** A single action also says what it waits for. */
export const singleActionShape = z
  .strictObject({
    ...fields,
    waiting: waitingShape.nullable().describe('What a queued action waits for: the first thing that keeps it.'),
  })
  .meta({
    id: 'SingleAction',
    description: 'An action, and what it waits for.',
    examples: [
      {
        ...EXAMPLE,
        waiting: {
          reason: 'worker',
          message: 'A worker takes it as soon as one is free.',
          action_id: null,
          next_try_at: null,
        },
      },
    ],
  });

export function showAction(action: ActionWithSteps): Shown<typeof actionShape> {
  return {
    id: action.id,
    number: action.number,
    kind: action.kind,
    state: action.state,
    database_id: action.database_id,
    credential_id: action.credential_id,
    server_id: action.server_id,
    steps: showSteps(action),
    error: action.error_code === null ? null : { code: action.error_code, message: action.error_message ?? '' },
    created_at: timeText(action.created_at),
    started_at: timeText(action.started_at),
    ended_at: timeText(action.ended_at),
  };
}

/**
 * All steps from the start: those of the latest attempt as they ended, then, while the action runs, one that is running,
 * then those that wait. A step is written when it ends, so that a running one has no time yet.
 */
function showSteps(action: ActionWithSteps): Shown<typeof stepShape>[] {
  const ended = new Map(action.steps.filter((step) => step.attempt === action.claim).map((step) => [step.name, step]));
  const running = action.state === 'running' ? action.step_names.find((name) => !ended.has(name)) : undefined;
  return action.step_names.map((name) => {
    const step = ended.get(name);
    const notEnded: StepState = name === running ? 'running' : 'waiting';
    return {
      name,
      state: step?.state ?? notEnded,
      attempt: action.claim,
      started_at: timeText(step?.started_at ?? null),
      ended_at: timeText(step?.ended_at ?? null),
      evidence: step?.evidence ?? {},
    };
  });
}

/**
 * What a queued action waits for, the first that keeps it: a person reads it, and need not ask who is at fault. One that
 * works on a login of a database outside the reader's limits is not named.
 */
export function showWait(
  { not_before, postponed_code, postponed_message }: ActionWithSteps,
  { ahead, crowd, server }: Wait,
  isVisible: boolean,
): Shown<typeof waitingShape> {
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
    const why = postponed_message?.replace(/\.$/, '') ?? title; // null where an older version put it off
    return { ...nothing, reason: 'next_try', message: `${why}. It is tried again.`, next_try_at: not_before };
  }
  if (crowd !== null) {
    const atWork = crowd.count === 1 ? 'One action is' : `${crowd.count} actions are`;
    const message = `${atWork} at work on the server ${crowd.name}, as many as a worker takes of one server. It is taken when one of them ends.`;
    return { ...nothing, reason: 'server_full', message };
  }
  return { ...nothing, reason: 'worker', message: 'A worker takes it as soon as one is free.' };
}
