// Where thrown errors end: made ours, logged when the fault is on this side, recorded when a write was
// refused, and answered in the words of the dialect.
import { ERRORS, type PlatformError } from '@berth/core';
import type { Log } from '@berth/runtime';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { notedAccess } from './access-log';
import { ourErrorOf } from './our-error';
import type { Refusals } from './refusals';

/** The last handler under a mount. */
export function errorsTo(
  render: (error: PlatformError, request: Request, response: Response) => void,
  log: Log,
  refusals: Refusals,
): ErrorRequestHandler {
  return async (thrown: unknown, request, response, _next) => {
    const error = ourErrorOf(thrown);
    const { status } = ERRORS[error.code];
    if (status >= 500 && status !== 501 && status !== 507) {
      const fields = { method: request.method, status, code: error.code, error, ...notedAccess(response) };
      log.error(fields, 'A request failed on our side');
    }
    await refusals.record(error, request, response);
    if (response.headersSent) return void response.destroy();
    response.set('Cache-Control', 'no-store'); // whatever the answer was to be kept for
    if (error.retryAfterMs !== null) response.set('Retry-After', String(Math.ceil(error.retryAfterMs / 1_000)));
    render(error, request, response);
  };
}
