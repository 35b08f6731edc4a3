// One line per request: which route, how it ended, how long it took, for whom. Never an address with its query, a body
// or a header: they hold names and tokens.
import type { Clock } from '@berth/core';
import type { Log } from '@berth/runtime';
import type { Access } from '@berth/store';
import type { Request, Response } from 'express';
import type { Watch } from './watch';

/** Asked every few seconds by whoever looks after processes. */
const QUIET_ROUTES = ['/healthz', '/readyz'];

/** Logs when the response is over, sent or not. */
export function accessLog(log: Log, clock: Clock): Watch {
  return (request, response) => {
    const startedMs = clock.monotonicMs();
    return () => {
      const route = routeOf(request);
      const fields = {
        method: request.method,
        route,
        status: statusOf(response),
        durationMs: Math.round(clock.monotonicMs() - startedMs),
        ...notedAccess(response),
      };
      if (QUIET_ROUTES.includes(route)) log.debug(fields, 'Answered');
      else log.infoSoon(fields, 'Answered');
    };
  };
}

/** Remembers who calls, for the lines and the audit of this request. */
export function noteAccess(response: Response, access: Access): void {
  response.locals.access = access;
}

/** Who calls; null while nobody is known. */
export function findNotedAccess(response: Response): Access | null {
  const access: Access | undefined = response.locals.access; // written above, and nowhere else
  return access ?? null;
}

/** Who calls, as a log line has it; empty while nobody is known. */
export function notedAccess(response: Response): { accessId?: string } {
  const access = findNotedAccess(response);
  return access === null ? {} : { accessId: access.id };
}

/** The pattern that matched (`/v1/databases/:id`), or the mount alone. */
export function routeOf(request: Request): string {
  const pattern: unknown = request.route?.path;
  return typeof pattern === 'string' ? `${request.baseUrl}${pattern}` : request.baseUrl;
}

/** 499 as proxies write it: the caller left before the answer was sent. */
function statusOf(response: Response): number {
  return response.writableFinished ? response.statusCode : 499;
}
