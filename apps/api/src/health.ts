// Whether this process lives, and whether it can do its work. Asked by machines, without a token.
import type { Context } from '@berth/actions';
import { within } from '@berth/core';
import { routerOf } from './http/route';

/** A store that takes longer than this to say one word is not ready. */
const PING_MS_MAX = 2_000;

/**
 * `/healthz` is 200 as long as the process answers. `/readyz` is 503 when the store does not, and 200 "degraded" from a
 * nudge that the queue did not take to the next that it takes: requests are taken, and maintenance nudges for us.
 */
export function healthRouter({ sender, store }: Context) {
  return routerOf([
    {
      method: 'get',
      path: '/healthz',
      handle: async ({ response }) => void response.json({ status: 'alive' }),
    },
    {
      method: 'get',
      path: '/readyz',
      async handle({ response }) {
        if (!(await answersInTime(store.ping()))) return void response.status(503).json({ status: 'unavailable' });
        const { reachable, failures } = sender.health();
        response.json(reachable ? { status: 'ready' } : { status: 'degraded', nudges_failed: failures });
      },
    },
  ]);
}

/** The answer itself is of no use, only that it came: a refusal is a no. */
function answersInTime(ping: Promise<void>): Promise<boolean> {
  return within(PING_MS_MAX, 'The store', ping).then(
    () => true,
    () => false,
  );
}
