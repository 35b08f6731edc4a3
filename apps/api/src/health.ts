// Whether this process lives, and whether it can do its work, on the main door: the report of runtime's health, as the door
// of metrics gives it. Asked by machines, without a token; it names checks of ours, and never a server or a tenant.
import { type Health, isWell, type Report } from '@berth/runtime';
import type { Response } from 'express';
import { z } from 'zod';
import type { Operation } from './http/operation';
import { type DocumentedRoute, type Route, routerOf } from './http/route';

const described: Omit<Operation, 'id' | 'summary' | 'answers'> = {
  tag: 'Health',
  scopes: [],
  query: z.object({}),
  body: null,
  isWaitedFor: false,
  errors: [],
  examples: { example: {} },
};

/** A report of one of these states. */
function reportOf<const Status extends Report['status']>(status: Status[], wrong: Report['wrong']) {
  return z
    .strictObject({
      status: z.enum(status),
      wrong: z.record(z.string(), z.string()).describe('Name of the check → what is wrong.'),
    })
    .meta({ examples: status.slice(0, 1).map((each) => ({ status: each, wrong })) });
}

const HEALTHZ = {
  method: 'get',
  path: '/healthz',
  operation: {
    ...described,
    id: 'getHealth',
    summary: 'Whether the process lives',
    answers: {
      200: { what: 'It does.', schema: reportOf(['alive'], {}) },
      503: {
        what: 'It hangs, and is to be ended and started again.',
        schema: reportOf(['stuck'], { queue: 'It has not looked at the queue for more than 30 s.' }),
      },
    },
  },
} as const satisfies DocumentedRoute;

const READYZ = {
  method: 'get',
  path: '/readyz',
  operation: {
    ...described,
    id: 'getReadiness',
    summary: 'Whether the process can do its work',
    description:
      '`degraded`: it can, but the queue took no nudge lately, which maintenance makes up for, or requests wait for a connection to the store.',
    answers: {
      200: { what: 'It can.', schema: reportOf(['ready', 'degraded'], {}) },
      503: {
        what: 'The store does not answer, or the process starts or stops.',
        schema: reportOf(['unavailable', 'starting', 'stopping'], { store: 'The store does not answer.' }),
      },
    },
  },
} as const satisfies DocumentedRoute;

/** What the document tells of it. */
export const HEALTH_ROUTES: DocumentedRoute[] = [HEALTHZ, READYZ];

/** `/healthz` and `/readyz`, as docs/operations.md has them. */
export function healthRouter({ health }: { health: Health }) {
  const routes: Route[] = [
    { ...HEALTHZ, handle: async ({ response }) => answer(response, health.living()) },
    { ...READYZ, handle: async ({ response }) => answer(response, await health.serving()) },
  ];
  return routerOf(routes);
}

function answer(response: Response, report: Report): void {
  response.status(isWell(report) ? 200 : 503).json(report);
}
