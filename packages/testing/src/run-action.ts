// An action run in this process against PostgreSQL, under conditions that no worker can be brought into from outside.
import { type Context, type RunOptions, run } from '@berth/actions';
import { postgresql } from '@berth/engines/postgresql';
import type { ActionWithSteps } from '@berth/store';

/** Claims the action and runs it as a worker would; `onMoment` may throw. Returns what became of it. */
export async function runAction(
  context: Context,
  id: string,
  faults: Partial<Pick<RunOptions, 'onMoment' | 'stopping'>> = {},
): Promise<ActionWithSteps> {
  const stopping = new AbortController().signal;
  await run(context, { engine: postgresql, holder: 'test', stopping, ...faults }, id);
  const action = await context.store.actions.find(id);
  if (action === null) throw new Error(`There is no action ${id}.`);
  return action;
}
