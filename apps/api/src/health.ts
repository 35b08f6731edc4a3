// Whether this process lives, and whether it can do its work. Asked by machines, without a token.
import type { Context } from '@berth/actions';
import { within } from '@berth/core';
import { z } from 'zod';
import type { Operation } from './http/operation';
import { type DocumentedRoute, type Route, routerOf } from './http/route';

/** A store that takes longer than this to say one word is not ready. */
const PING_MS_MAX = 2_000;

const described: Omit<Operation, 'id' | 'summary' | 'answers'> = {
  tag: 'Health',
  scopes: [],
  query: z.object({}),
  body: null,
  isWaitedFor: false,
  errors: [],
  examples: { example: {} },
};

const alive = z.strictObject({ status: z.literal('alive') }).meta({ examples: [{ status: 'alive' }] });
const ready = z.strictObject({ status: z.literal('ready') }).meta({ examples: [{ status: 'ready' }] });
const degraded = z.strictObject({
  status: z.literal('degraded'),
  nudges_failed: z.int().describe('How many nudges the queue did not take.'),
});
const unavailable = z
  .strictObject({ status: z.literal('unavailable') })
  .meta({ examples: [{ status: 'unavailable' }] });

const HEALTHZ = {
  method: 'get',
  path: '/healthz',
  operation: {
    ...described,
    id: 'getHealth',
    summary: 'Whether the process answers',
    answers: { 200: { what: 'It does.', schema: alive } },
  },
} as const satisfies DocumentedRoute;

const READYZ = {
  method: 'get',
  path: '/readyz',
  operation: {
    ...described,
    id: 'getReadiness',
    summary: 'Whether the process can do its work',
    description: '`degraded`: the queue took no nudge lately. Requests are taken, and maintenance nudges for us.',
    answers: {
      200: { what: 'It can.', schema: z.union([ready, degraded]) },
      503: { what: 'The store does not answer.', schema: unavailable },
    },
  },
} as const satisfies DocumentedRoute;

/** What the document tells of it. */
export const HEALTH_ROUTES: DocumentedRoute[] = [HEALTHZ, READYZ];

/**
 * `/healthz` is 200 as long as the process answers. `/readyz` is 503 when the store does not, and 200 "degraded" from a
 * nudge that the queue did not take to the next that it takes: requests are taken, and maintenance nudges for us.
 */
export function healthRouter({ sender, store }: Context) {
  const routes: Route[] = [
    { ...HEALTHZ, handle: async ({ response }) => void response.json({ status: 'alive' }) },
    {
      ...READYZ,
      async handle({ response }) {
        if (!(await answersInTime(store.ping()))) return void response.status(503).json({ status: 'unavailable' });
        const { reachable, failures } = sender.health();
        response.json(reachable ? { status: 'ready' } : { status: 'degraded', nudges_failed: failures });
      },
    },
  ];
  return routerOf(routes);
}

/** The answer itself is of no use, only that it came: a refusal is a no. */
function answersInTime(ping: Promise<void>): Promise<boolean> {
  return within(PING_MS_MAX, 'The store', ping).then(
    () => true,
    () => false,
  );
}
