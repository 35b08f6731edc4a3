// Actions as the examples of the document show them: accepted, and ended. A test compares kind, state and steps with what
// the API answers.
import type { ActionKind, ActionState, StepState } from '@berth/core';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { actionShape } from './action';

const STEPS = {
  database_create: ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'],
  database_adopt: [
    'observe_database',
    'reserve_names',
    'adopt_database',
    'create_login',
    'check_login',
    'check_isolation',
  ],
  database_quarantine: ['shut_out', 'end_sessions', 'forget_passwords', 'check_refused'],
  database_restore: ['open_database', 'give_back', 'check_logins', 'check_isolation'],
  database_delete: ['shut_out', 'end_sessions', 'drop_database', 'drop_logins', 'check_gone'],
  database_update: ['measure_database', 'limit_database', 'limit_logins'],
  credential_create: ['reserve_names', 'create_login', 'check_login', 'check_isolation'],
  credential_reset: ['shut_out', 'end_sessions', 'set_password', 'let_in', 'check_login'],
  credential_delete: ['shut_out', 'end_sessions', 'drop_login', 'check_gone'],
  grant_create: ['grant_role', 'limit_login', 'check_login', 'check_isolation'],
  grant_delete: ['remove_grant', 'limit_login', 'check_refused'],
  server_preflight: ['observe_server', 'check_not_store', 'prepare_server'],
  server_refresh: ['observe_databases'],
  server_drift: ['observe_access', 'compare_server'],
} as const satisfies Partial<Record<ActionKind, string[]>>;

export type ExampleKind = keyof typeof STEPS;

/** The shape of an action, with an example of this kind in this state. */
export function actionLike(kind: ExampleKind, state: Exclude<ActionState, 'failed'>) {
  const isBegun = state === 'running' || state === 'succeeded';
  const isEnded = state === 'cancelled' || state === 'succeeded';
  const stepState = (index: number): StepState => {
    if (state === 'running' && index === 0) return 'running';
    return state === 'succeeded' ? 'succeeded' : 'waiting';
  };
  const times =
    state === 'succeeded'
      ? { started_at: EXAMPLE_TIMES.begun, ended_at: EXAMPLE_TIMES.done }
      : { started_at: null, ended_at: null };
  const example = {
    id: EXAMPLE_IDS.action,
    number: 108,
    kind,
    state,
    database_id: kind.startsWith('database_') || kind.startsWith('grant_') ? EXAMPLE_IDS.database : null,
    credential_id:
      kind === 'database_create' || kind === 'database_adopt' || /^(credential|grant)_/.test(kind)
        ? EXAMPLE_IDS.credential
        : null,
    server_id: EXAMPLE_IDS.server,
    steps: STEPS[kind].map((name, index) => ({
      ...{ name, state: stepState(index), attempt: isBegun ? 1 : 0 },
      ...times,
      evidence: {},
    })),
    error: null,
    created_at: EXAMPLE_TIMES.asked,
    started_at: isBegun ? EXAMPLE_TIMES.begun : null,
    ended_at: isEnded ? EXAMPLE_TIMES.done : null,
  };
  return actionShape.meta({ examples: [example] });
}
