// The life of an action. Each arrow is one function of store/src/actions.ts; nothing else writes the column.
//
//             claim                 finish
//  queued ------------> running -------------> succeeded
//    | ^                  | | |      fail
//    | '---- postpone ----' | '--------------> failed ---- retry ---> queued
//    |       release        |
//    |       releaseExpired |        cancelHeld
//    |                      '----------------> cancelled
//    |              cancel                     ^
//    '-----------------------------------------'
//
// release: its holder stops in good order. releaseExpired: its holder died, or hangs. cancel: nobody holds it.
// cancelHeld: its holder was asked to stop, and does between two steps. retry: somebody asked for it once more.
//
// What holds in each state:
//   queued     nobody holds it; `not_before` may put it off
//   running    `held_until` and `held_by` are set; (id, claim) is the key to every write; its logins are held
//              (docs/decisions/0008-a-login-is-held-once.md)
//   succeeded  `ended_at` is set, no error
//   failed     `ended_at`, `error_code` and `error_message` are set
//   cancelled  `ended_at` is set, no error

export const ACTION_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type ActionState = (typeof ACTION_STATES)[number];

export const ACTION_KINDS = [
  'database_create',
  'database_quarantine',
  'database_restore',
  'database_delete',
  'database_update',
  'database_adopt',
  'credential_create',
  'credential_reset',
  'credential_delete',
  'grant_create',
  'grant_delete',
  'server_preflight',
  'server_refresh',
  'server_drift',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** Those in which it is not over. */
export const OPEN_ACTION_STATES: ActionState[] = ['queued', 'running'];

export const STEP_STATES = ['waiting', 'running', 'succeeded', 'failed'] as const;
export type StepState = (typeof STEP_STATES)[number];

/** Whether the action has ended and will not move again by itself. */
export function isEnded(state: string): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Whether a worker has had a session on its server: then part of the work may be done. Every claim that had none is counted. */
export function isBegun({ claim, unreached }: { claim: number; unreached: number }): boolean {
  return claim > unreached;
}

/** How long one claim is good for, by the store's clock. */
export const HOLD_MS = 30_000;

/** How often its holder renews it: three tries before the hold is over. */
export const HOLD_RENEW_MS = 10_000;

/** A nudge that has not led to a claim after this long is taken for lost. */
export const NUDGE_LOST_MS = 15_000;

/** An action fails for good when it failed this often by what may pass (busy, deadlock, a dead worker, a bug of ours). */
export const FAILURES_MAX = 5;

/** How long an unreachable server is waited for, from the first claim. Twenty minutes of maintenance must not end it. */
export const UNREACHABLE_MS_MAX = 24 * 60 * 60 * 1000;
