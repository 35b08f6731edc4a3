// Our errors in Bitabase's words: `errors` with what is wrong with each field, which its client reads and shows. It knows no 403
// and no 409, and three ways to say that somebody is not known.
import { ERRORS, type PlatformError } from '@berth/core';
import type { Request, Response } from 'express';
import { withoutIds } from '../../http/without-ids';
import { sendNotFound, sendPretty } from './answer';

/** What is said of every error of a code alike: our own words name what this API's callers do not know. */
const MESSAGES: Partial<Record<PlatformError['code'], string>> = {
  body_too_large: 'the post body is too large: it may have 100 kB',
  internal: 'something broke on our side: its log says what',
  malformed_body: 'invalid json was provided',
  no_room: 'there is no room for another database now: try again later, or tell the operators of this Berth',
  no_server: 'there is no server for databases of this login: tell the operators of this Berth',
  quota_exceeded: 'you have as many databases as you may have: ask the operators of this Berth for more',
};

/** Of a body as a whole. */
const OF_BODY: string[] = ['body_too_large', 'malformed_body', 'unsupported_media_type'];

/** What a client can send, and shows errors of; what else a create needs comes from the login's defaults. */
const FIELDS = ['body', 'name', 'email', 'password'];

/** Sends `{errors: {<field>: what is wrong with it}}`; one of three forms with a 401; with a 404 two words alone. */
export function renderError(error: PlatformError, request: Request, response: Response): void {
  response.removeHeader('Allow');
  const status = statusOf(error);
  if (status === 404) sendNotFound(response);
  else sendPretty(response, status, status === 401 ? unknownTo(error, request) : { errors: errorsOf(error, request) });
}

/** By route, as the product has them. */
function unknownTo(error: PlatformError, { method, route }: Request): object {
  const message = withoutIds(error.message);
  const path: unknown = route?.path;
  switch (`${method} ${path}`) {
    case 'GET /databases':
      return { errors: { id: message } };
    case 'POST /databases':
    case 'GET /databases/:databaseName/collections':
      return { errors: [message] };
    default:
      return { error: 'unauthorised' };
  }
}

function errorsOf({ code, fields, message }: PlatformError, request: Request): Record<string, string> {
  if (code === 'name_taken' && isCreate(request)) return { name: 'name has already been taken' };
  const same = MESSAGES[code];
  if (same !== undefined) return { [OF_BODY.includes(code) ? 'body' : mainField(request)]: same };
  const known = fields.filter(({ field }) => FIELDS.includes(field));
  if (known.length > 0) return Object.fromEntries(known.map((each) => [each.field, withoutIds(each.message)]));
  if (fields.length > 0) return { [mainField(request)]: undecided(fields.map(({ field }) => field)) };
  return { [OF_BODY.includes(code) ? 'body' : mainField(request)]: withoutIds(message) };
}

function undecided(fields: string[]): string {
  const what = fields.join(', ');
  return `${what} cannot be decided: ask the operators of this Berth to set a default that fits for your login`;
}

function isCreate({ method, route }: Request): boolean {
  const path: unknown = route?.path;
  return method === 'POST' && path === '/databases';
}

/** What a client's form has a place for. */
function mainField(request: Request): string {
  const { method } = request;
  if (isCreate(request)) return 'name';
  return method === 'POST' ? 'email' : 'id';
}

function statusOf({ code }: PlatformError) {
  const { status } = ERRORS[code];
  switch (status) {
    case 401:
    case 403:
      return 401;
    case 404:
    case 405:
      return 404;
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
      return 422;
    case 507:
      return 503; // there may be room another time
    case 500:
    case 502:
      return 500;
    default:
      return status satisfies never;
  }
}
