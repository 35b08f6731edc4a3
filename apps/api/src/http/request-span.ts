// Each request as the first span of a trace, where traces are sent. A caller's own trace is linked and not gone on with: a
// stranger must not choose what is sampled, nor under which trace our work is found.
import type { Span } from '@berth/core';
import type { Tracing } from '@berth/runtime';
import type { RequestHandler, Response } from 'express';
import { notedAccess, routeOf } from './access-log';

/** Asked every few seconds by whoever looks after processes. */
const QUIET_PATHS = ['/healthz', '/readyz'];

/** Everything after it is a part of the span, which ends with the answer. */
export function requestSpans(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    if (!tracing.isOn || QUIET_PATHS.includes(request.path)) return next();
    const link = request.get('traceparent');
    void tracing.begin(request.method, { kind: 'server', link }, async (span) => {
      const closed = new Promise((resolve) => response.once('close', resolve));
      next();
      await closed;
      const route = routeOf(request);
      span?.rename(`${request.method} ${route}`);
      span?.set({ 'http.request.method': request.method, 'http.route': route });
      if (span !== null) tellAnswer(span, response);
    });
  };
}

function tellAnswer(span: Span, response: Response): void {
  const { accessId } = notedAccess(response);
  span.set({
    'http.response.status_code': response.statusCode,
    ...(accessId !== undefined && { 'berth.access.id': accessId }),
  });
  if (!response.writableFinished) span.fail('left');
  else if (response.statusCode >= 500) span.fail(String(response.statusCode));
}
