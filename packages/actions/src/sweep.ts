// What maintenance does for actions: takes back what died workers held, and says lost words again. On timers, under a
// lock in the store, never on the queue.
import type { Nudge } from '@berth/store';
import type { Context } from './context';

export interface Swept {
  released: number;
  nudged: number;
  /** How many of these nudges the queue took. */
  taken: number;
}

/** One sweep takes this many of each; what is left waits for the next one. */
const SWEEP_MAX = 500;

/** A queue that is down loses every word, 250 ms each: after this many in a row the rest is left until it is overdue. */
const LOST_IN_A_ROW_MAX = 10;

/** Null when another maintenance process sweeps right now. Safe to run anywhere, at any time. */
export async function sweep(context: Context): Promise<Swept | null> {
  const nudges: Nudge[] = [];
  let released = 0;
  const ran = await context.store.exclusively('berth sweep', async (tx) => {
    for (const id of await tx.actions.listExpired(SWEEP_MAX)) {
      if ((await tx.actions.releaseExpired(id)) !== null) released += 1;
    }
    await tx.actions.letStaleCredentialsGo();
    nudges.push(...(await tx.actions.nudgeOverdue(SWEEP_MAX)));
  });
  if (!ran) return null;
  return { released, nudged: nudges.length, taken: await sendAll(context, nudges) };
}

/** Returns how many were taken. One after another: a queue that is down is asked slowly, and does not hold up the next sweep or the end of the process. */
async function sendAll({ sender }: Context, nudges: Nudge[]): Promise<number> {
  let taken = 0;
  let lost = 0;
  for (const nudge of nudges) {
    const isTaken = await sender.send(nudge);
    if (isTaken) taken += 1;
    lost = isTaken ? 0 : lost + 1;
    if (lost === LOST_IN_A_ROW_MAX) break;
  }
  return taken;
}
