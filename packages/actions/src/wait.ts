// Waiting for an action to end, woken by the store, never polling.
import { type Clock, isEnded, PlatformError } from '@berth/core';
import type { ActionWithSteps, Store } from '@berth/store';

/**
 * The action as it is when it ended, after `waitMs`, or when `giveUp` is aborted, whichever is first. Throws
 * `not_found`. The row is read after every wake-up: being woken proves nothing.
 */
export async function waitForAction(
  store: Store,
  clock: Clock,
  id: string,
  waitMs: number,
  giveUp?: AbortSignal,
): Promise<ActionWithSteps> {
  const deadlineMs = clock.monotonicMs() + waitMs;
  let wake = () => {};
  const wakeUp = () => wake();
  const stop = store.listener.onActionEnded(id, wakeUp);
  giveUp?.addEventListener('abort', wakeUp);
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const action = await store.actions.find(id);
      if (action === null) throw new PlatformError('not_found', `There is no action ${id}.`);
      const leftMs = deadlineMs - clock.monotonicMs();
      if (isEnded(action.state) || leftMs <= 0 || giveUp?.aborted === true) return action;
      const timer = setTimeout(wake, leftMs);
      await woken;
      clearTimeout(timer);
    }
  } finally {
    giveUp?.removeEventListener('abort', wakeUp);
    stop();
  }
}
