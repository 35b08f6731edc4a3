// How long requests take, by the pattern of their route. Only words of ours become labels: Express takes a mount in any
// spelling of upper and lower case, and each spelling that a caller sent would be another series for ever.
import type { Clock } from '@berth/core';
import type { Metrics } from '@berth/runtime';
import type { Request, RequestHandler, Response } from 'express';

/** `places`: each mount, and the name of what answers there. */
export function requestMetrics(metrics: Metrics, clock: Clock, places: ReadonlyMap<string, string>): RequestHandler {
  return (request, response, next) => {
    const startedMs = clock.monotonicMs();
    response.once('close', () => {
      const labels = { ...placeOf(request, places), method: request.method, status: classOf(response) };
      metrics.observe('berth_http_request_duration_seconds', labels, (clock.monotonicMs() - startedMs) / 1_000);
    });
    next();
  };
}

/** `unknown` is where nothing answers; beside the dialects is `berth` itself. */
function placeOf(request: Request, places: ReadonlyMap<string, string>): { dialect: string; route: string } {
  const mount = request.baseUrl.toLowerCase();
  const dialect = mount === '' ? 'berth' : places.get(mount);
  if (dialect === undefined) return { dialect: 'berth', route: 'unknown' };
  const pattern: unknown = request.route?.path;
  return { dialect, route: typeof pattern === 'string' ? `${mount}${pattern}` : mount || 'unknown' };
}

/** `left`: the caller was gone before the answer was sent. */
function classOf(response: Response): string {
  return response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'left';
}
