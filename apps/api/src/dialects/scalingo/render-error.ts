// Our errors in Scalingo's words. Every body is JSON, for its clients parse all of them; `errors` has lists of texts, and is never
// empty (go-scalingo, http/errors.go).
import { ERRORS, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';
import { withoutIds } from '../../http/without-ids';

/** What is said of every error of a code alike, whatever our own words are. */
const TEXTS: Partial<Record<PlatformError['code'], string>> = {
  internal: "Internal error occured, we're on it!", // as the product spells it
  malformed_body: 'There was a problem in the JSON you submitted: it cannot be read.',
  too_many_requests: 'Retry later',
  unauthenticated: 'unauthorized',
};

/** Fields as this API's callers know them. */
const FIELDS: Record<string, string> = { engine: 'technology', username: 'name' };

/** What is said of a name that somebody has. */
const TAKEN = 'has already been taken';

/** Sends `{error}`, with a 403 `{error, code}`, with a 404 `{resource, error}`, with a 422 `{errors: {<field>: [what is wrong]}}`. */
export function renderError(error: PlatformError, _request: Request, response: Response): void {
  const status = statusOf(error);
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  response.status(status).json(bodyOf(error, status));
}

function bodyOf(error: PlatformError, status: ReturnType<typeof statusOf>): object {
  const text = TEXTS[error.code] ?? withoutIds(error.message);
  const [resource] = error.fields;
  if (status === 403) return { error: text, code: error.code };
  if (status === 404 && resource !== undefined)
    return { resource: resource.field, error: withoutIds(resource.message) };
  if (status === 422) return { errors: errorsOf(error) };
  return { error: status === 500 ? TEXTS.internal : text };
}

function errorsOf({ code, fields, message }: PlatformError): Record<string, string[]> {
  const errors: Record<string, string[]> = {};
  for (const { field, message: each } of fields) {
    const name = FIELDS[field] ?? field;
    errors[name] = [...(errors[name] ?? []), code === 'name_taken' ? TAKEN : withoutIds(each)];
  }
  return fields.length > 0 ? errors : { base: [withoutIds(message)] };
}

/** A taken name is an invalid one; what is protected or over the quota is forbidden; where there is no room now is some another time. */
function statusOf({ code }: PlatformError) {
  if (code === 'name_taken') return 422;
  if (code === 'protected' || code === 'quota_exceeded') return 403;
  const { status } = ERRORS[code];
  switch (status) {
    case 400:
    case 401:
    case 403:
    case 404:
    case 405:
    case 409:
    case 413:
    case 415:
    case 422:
    case 429:
    case 503:
      return status;
    case 410:
    case 501:
      return 400;
    case 507:
      return 503;
    case 500:
    case 502:
      return 500;
    default:
      return status satisfies never;
  }
}
