// How long requests take, by the pattern of their route; streams take as long as somebody reads them, and are left out.
// Only words of ours become labels: Express takes a mount in any spelling of upper and lower case, and each spelling that
// a caller sent would be another series for ever.
import type { Clock } from '@berth/core';
import type { Metrics } from '@berth/runtime';
import type { Request, Response } from 'express';
import { findOwnHost } from './own-host';
import type { Watch } from './watch';

/** `places`: each mount, and the name of what answers there. */
export function requestMetrics(metrics: Metrics, clock: Clock, places: ReadonlyMap<string, string>): Watch {
  return (request, response) => {
    const startedMs = clock.monotonicMs();
    return () => {
      if (isStream(response)) return;
      const labels = { ...placeOf(request, response, places), method: methodOf(request), status: classOf(response) };
      metrics.observe('berth_http_request_duration_seconds', labels, (clock.monotonicMs() - startedMs) / 1_000);
    };
  };
}

/** Whether it was answered with a stream of events. One that was refused, or left before its beginning, was not. */
function isStream(response: Response): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream');
}

/** `unknown` is where nothing answers; beside the dialects, and the hosts that are theirs alone, is `berth` itself. */
function placeOf(
  request: Request,
  response: Response,
  places: ReadonlyMap<string, string>,
): { dialect: string; route: string } {
  const mount = request.baseUrl.toLowerCase();
  const dialect = mount === '' ? (findOwnHost(response)?.dialect ?? 'berth') : places.get(mount);
  if (dialect === undefined) return { dialect: 'berth', route: 'unknown' };
  const pattern: unknown = request.route?.path;
  return { dialect, route: typeof pattern === 'string' ? `${mount}${pattern}` : mount || 'unknown' };
}

/** What a route may answer to. Node lets some thirty more through, each of which a caller could make a series of. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function methodOf({ method }: Request): string {
  return METHODS.includes(method) ? method : 'other';
}

/** What is not built and what has no room is no fault of this side, and must not look like one. */
const BY_THEMSELVES = [501, 507];

/** `2xx`; `left` when the caller was gone before the answer was sent. */
function classOf({ statusCode, writableFinished }: Response): string {
  if (!writableFinished) return 'left';
  return BY_THEMSELVES.includes(statusCode) ? String(statusCode) : `${Math.floor(statusCode / 100)}xx`;
}
