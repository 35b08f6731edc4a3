// Watching one action: each step is told when it has ended, until the action has.
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from '@berth/embedded';
import type { CallApi } from './api-client';
import { formatMs, type Terminal } from './terminal';

/** What `GET /v1/actions/:id` tells, as far as it is shown. */
interface ActionView {
  kind: string;
  state: string;
  steps: { name: string; state: string; started_at: string | null; ended_at: string | null }[];
  error: { code: string; message: string } | null;
  created_at: string;
  ended_at: string | null;
}

const POLL_MS = 25; // a person sees steps of some 10 ms as they come
const ACTION_MS_MAX = 60_000;
const RUNNING_STATES = ['queued', 'running'];

/** Polls until the action has ended. Throws LaunchError when it did not succeed, or took longer than a minute. */
export async function followAction(
  { callApi, terminal, interrupted }: { callApi: CallApi; terminal: Terminal; interrupted: AbortSignal },
  actionId: string,
): Promise<void> {
  const started = performance.now();
  let told = 0;
  for (;;) {
    const action = (await callApi('GET', `/v1/actions/${actionId}`)) as ActionView;
    for (const step of action.steps.slice(told)) {
      if (step.state !== 'succeeded') break;
      terminal.done(step.name, msBetween(step.started_at, step.ended_at), 2);
      told++;
    }
    if (!RUNNING_STATES.includes(action.state)) return tellEnd(terminal, action, actionId);
    if (performance.now() - started > ACTION_MS_MAX) throw tooLong(action, actionId);
    terminal.live(`${action.kind}: ${action.steps[told]?.name ?? action.state}`);
    await sleep(POLL_MS, undefined, { signal: interrupted });
  }
}

function tellEnd(terminal: Terminal, action: ActionView, actionId: string): void {
  if (action.state !== 'succeeded') {
    const why = action.error ? `${action.error.message} (${action.error.code})` : 'no reason was given';
    throw new LaunchError(
      'demo_failed',
      `${action.kind} ${actionId} ${action.state}: ${why}`,
      'The worker says more in its log.',
    );
  }
  terminal.done(`${action.kind} succeeded, from request to end`, msBetween(action.created_at, action.ended_at));
}

function tooLong(action: ActionView, actionId: string): LaunchError {
  return new LaunchError(
    'demo_failed',
    `${action.kind} ${actionId} is still ${action.state} after ${formatMs(ACTION_MS_MAX)}`,
    'Is this machine very busy? Otherwise it is a defect of Berth: please report it with this output.',
  );
}

function msBetween(from: string | null, to: string | null): number | null {
  return from && to ? Date.parse(to) - Date.parse(from) : null;
}
