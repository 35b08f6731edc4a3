// Our errors in Cloud 66's words: three strings. Its client shows `details` where it says something, else
// `error_description`, and fails on an answer that is not JSON; so both are always there.
import { ERRORS, type FieldProblem, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';
import { NOT_KNOWN } from '../../http/parse';
import { withoutIds } from '../../http/without-ids';

/** The short names of its documentation, by status; 500 is not in that table. */
const NAMES = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  500: 'internal_server_error',
  503: 'throttled',
} as const;

/** Fields as this API's callers know them: the first of several databases is no item of our list. */
function fieldOf(field: string): string {
  if (field === 'name') return 'database_name';
  return field
    .replace(/^logins\b/, 'database_user_ids')
    .replace(/^alsoIn(?:\.(\d+))?$/, (_, index) =>
      index === undefined ? 'database_ids' : `database_ids.${+index + 1}`,
    );
}

/** Sends `{error, error_description, details}`. Every refusal is one of the statuses that the product documents. */
export function renderError(error: PlatformError, _request: Request, response: Response): void {
  const status = statusOf(error);
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  response.status(status).json({
    error: NAMES[status],
    error_description: withoutIds(error.message),
    details: error.fields.map(detailOf).join('; '),
  });
}

/** Conflicts, limits and what is not built are 400: the seed knows 200, 400, 401, 403 and 404 for its routes. */
function statusOf({ code }: PlatformError): keyof typeof NAMES {
  const { status } = ERRORS[code];
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 503:
      return status;
    case 405:
      return 404; // the product knows no 405: an address without that method is not there
    case 429:
      return 503; // as the product throttles
    case 400:
    case 409:
    case 410:
    case 413:
    case 415:
    case 422:
    case 501:
    case 507:
      return 400;
    case 500:
    case 502:
      return 500;
    default:
      return status satisfies never;
  }
}

function detailOf({ field, message }: FieldProblem): string {
  return `${message === NOT_KNOWN ? field : fieldOf(field)}: ${withoutIds(message)}`;
}
