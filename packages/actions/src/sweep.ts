// What maintenance does for actions: takes back what died workers held, and says lost words again. On timers, under a
// lock in the store, never on the queue.
import type { Nudge } from '@berth/store';
import type { Context } from './context';

export interface Swept {
  released: number;
  nudged: number;
}

/** One sweep takes this many of each; what is left waits for the next one. */
const SWEEP_MAX = 500;

/** Null when another maintenance process sweeps right now. Safe to run anywhere, at any time. */
export async function sweep(context: Context): Promise<Swept | null> {
  const nudges: Nudge[] = [];
  let released = 0;
  const ran = await context.store.exclusively('berth sweep', async (tx) => {
    for (const id of await tx.actions.listExpired(SWEEP_MAX)) {
      if ((await tx.actions.releaseExpired(id)) !== null) released += 1;
    }
    nudges.push(...(await tx.actions.nudgeOverdue(SWEEP_MAX)));
  });
  if (!ran) return null;
  for (const nudge of nudges) await context.sender.send(nudge); // one after another: a queue that is down is asked slowly
  return { released, nudged: nudges.length };
}
