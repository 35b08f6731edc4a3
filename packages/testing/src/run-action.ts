// An action run in this process against its engine, under conditions that no worker can be brought into from outside.
import { type Context, type RunOptions, run } from '@berth/actions';
import type { ActionWithSteps } from '@berth/store';
import { engineNamed } from './tenants/on-each-engine';

/** Claims the action and runs it as a worker would; `onMoment` may throw. Returns what became of it. */
export async function runAction(
  context: Context,
  id: string,
  faults: Partial<Pick<RunOptions, 'onMoment' | 'stopping'>> = {},
): Promise<ActionWithSteps> {
  const stopping = new AbortController().signal;
  const { engine } = engineNamed((await context.store.actions.find(id))?.engine ?? 'postgresql');
  await run(context, { engine, holder: 'test', stopping, ...faults }, id);
  const action = await context.store.actions.find(id);
  if (action === null) throw new Error(`There is no action ${id}.`);
  return action;
}
