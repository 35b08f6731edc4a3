// Our errors in Globo's words, which are those of Django REST framework: `detail`, or for each field a list of what is wrong
// with it. Errors have `_links` as every answer has.
import { ERRORS, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';
import { askedUrl } from '../../http/links';
import { withoutIds } from '../../http/without-ids';
import { send } from './answer';

/** What is said of every error of a code alike, whatever our own words are. */
const DETAILS: Partial<Record<PlatformError['code'], (request: Request, error: PlatformError) => string>> = {
  internal: () => 'A server error occurred.',
  malformed_body: (request) => malformed(request),
  method_not_allowed: ({ method }) => `Method '${method}' not allowed.`,
  missing_scope: () => 'You do not have permission to perform this action.',
  not_found: () => 'Not found',
  too_many_requests: (_request, { retryAfterMs }) => throttled(retryAfterMs),
  unsupported_media_type: (request) => `Unsupported media type '${request.get('content-type') ?? ''}' in request.`,
};

/** Fields as this API's callers know them. */
const FIELDS: Record<string, string> = { username: 'user' };

/** Sends `{_links, detail}`, or with a 400 that fields are to blame for `{_links, <field>: [what is wrong with it]}`. */
export function renderError(error: PlatformError, request: Request, response: Response): void {
  const status = statusOf(error);
  if (status === 401) response.set('WWW-Authenticate', 'Basic realm="api"');
  const body = status === 400 && error.fields.length > 0 ? fieldsOf(error) : { detail: detailOf(error, request) };
  send(request, response, status, { _links: { self: askedUrl(request) }, ...body });
}

function detailOf(error: PlatformError, request: Request): string {
  return DETAILS[error.code]?.(request, error) ?? withoutIds(error.message);
}

function fieldsOf(error: PlatformError): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const { field, message } of error.fields) {
    const name = FIELDS[field] ?? field;
    fields[name] = [...(fields[name] ?? []), withoutIds(message)];
  }
  return fields;
}

/** Conflicts are 400: the product knows no 409 and no 422. What is protected is forbidden. */
function statusOf({ code }: PlatformError): number {
  if (code === 'protected') return 403;
  const { status } = ERRORS[code];
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 413:
    case 415:
    case 429:
    case 503:
      return status;
    case 400:
    case 409:
    case 410:
    case 422:
    case 501:
      return 400;
    case 507:
      return 503; // there may be room another time
    case 500:
    case 502:
      return 500;
    default:
      return status satisfies never;
  }
}

/** In the words of the Python that the product ran on. */
function malformed(request: Request): string {
  const isJson = request.is('application/json') !== false;
  return isJson ? 'JSON parse error - No JSON object could be decoded' : 'Malformed request.';
}

function throttled(retryAfterMs: number | null): string {
  const seconds = Math.ceil((retryAfterMs ?? 1_000) / 1_000);
  return `Request was throttled. Expected available in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
}
