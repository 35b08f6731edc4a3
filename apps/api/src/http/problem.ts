// Problem documents (RFC 9457): what the native API and every address outside a dialect answers an error with.
import { ERRORS, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';

/** Sends the error as `application/problem+json`. Holds what strangers may read, nothing else. */
export function renderProblem(error: PlatformError, _request: Request, response: Response): void {
  const { status, title } = ERRORS[error.code];
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `/docs/errors#${error.code}`,
        title,
        status,
        code: error.code,
        detail: detailOf(error),
        ...(error.fields.length > 0 && { errors: error.fields }),
        ...(error.actionId !== null && { action_id: error.actionId }),
      }),
    );
}

/** With the action that stands against the request, where the error does not say which itself. */
function detailOf({ actionId, message }: PlatformError): string {
  return actionId === null || message.includes(actionId) ? message : `${message} Its action is ${actionId}.`;
}
