// Our errors in the product's words: a code that is a word, and a message that ends with the id of the answer. Never without a
// body, for its clients read `message` of whatever is 400 or more; and no substatus, for they try some of those again and again.
import { ERRORS, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';
import { withoutIds } from '../../http/without-ids';
import { activityIdOf, send } from './answer';
import { IF_MATCH_FIELD } from './conditions';
import { DATE_FIELD } from './request-date';

const CODES = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
} as const;

/** What is said of every error of a code alike, whatever our own words are. */
const MESSAGES: Partial<Record<PlatformError['code'], string>> = {
  internal: 'An unknown error occurred while processing this request.',
  malformed_body: 'The request payload is invalid. Ensure to provide a valid request payload.',
  method_not_allowed: 'Message: {"Errors":["Resource Not Found."]}',
  missing_scope: 'The authorization token has no permission for this operation: an operator gave its key none.',
  name_taken: 'Message: {"Errors":["Resource with specified id or name already exists."]}',
  not_found: 'Message: {"Errors":["Resource Not Found."]}',
};

/** Sends `{code, message}`; with a 429 also when to come again, in milliseconds. */
export function renderError(error: PlatformError, _request: Request, response: Response): void {
  const status = statusOf(error);
  if (error.retryAfterMs !== null) response.set('x-ms-retry-after-ms', String(Math.ceil(error.retryAfterMs)));
  const message = MESSAGES[error.code] ?? withoutIds(messageOf(error));
  const end = `\r\nActivityId: ${activityIdOf(response)}, Microsoft.Azure.Documents.Common/2.14.0`;
  send({ response }, status, { code: CODES[status], message: `${message}${end}` });
}

/** What is wrong with fields of ours is told beside, where the sentence does not say it. */
function messageOf({ fields, message }: PlatformError): string {
  const more = fields.map((each) => each.message).filter((each) => !message.includes(each));
  return [message, ...more].join(' ');
}

/** A date that is too far from now is forbidden, an unmet condition a status of its own; the rest by the code alone. */
function statusOf({ code, fields }: PlatformError): keyof typeof CODES {
  if (code === 'unauthenticated' && fields.some(({ field }) => field === DATE_FIELD)) return 403;
  if (code === 'contradicts' && fields.some(({ field }) => field === IF_MATCH_FIELD)) return 412;
  if (code === 'protected' || code === 'quota_exceeded') return 403;
  if (code === 'no_server') return 503;
  const { status } = ERRORS[code];
  switch (status) {
    case 400:
    case 401:
    case 403:
    case 404:
    case 409:
    case 413:
    case 415:
    case 429:
    case 500:
    case 503:
      return status;
    case 405:
      return 404; // what the product does not do with a resource is not there
    case 410:
    case 422:
    case 501:
      return 400;
    case 502:
    case 507:
      return 503; // another time it may be done
    default:
      return status satisfies never;
  }
}
