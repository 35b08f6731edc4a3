// Answers as the product gives them: JSON without a charset, and its headers on every one, the errors too.
import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { askedUrl } from '../../http/links';
import type { Call } from '../../http/route';

/** What the gateway in the product's documentation calls itself; clients read no more of it than its form. */
const VERSION = 'version=1.5.57.3';

/** Of every answer. Nothing is charged and nothing lags behind here: both numbers are always the same. */
const ALWAYS = {
  'Cache-Control': 'no-store, no-cache',
  Pragma: 'no-cache',
  'x-ms-gatewayversion': VERSION,
  'x-ms-request-charge': '1',
  'x-ms-schemaversion': '1.1',
  'x-ms-serviceversion': VERSION,
  'x-ms-session-token': '0',
};

/** Sets them; `since` is when this process began to answer. */
export function productHeaders(since: Date): RequestHandler {
  const sinceText = since.toUTCString().replace(' GMT', `.${String(since.getMilliseconds()).padStart(3, '0')} GMT`);
  return (request, response, next) => {
    response.set({
      ...ALWAYS,
      'Content-Location': askedUrl(request),
      'x-ms-activity-id': randomUUID(),
      'x-ms-last-state-change-utc': sinceText,
    });
    next();
  };
}

/** By which this answer is known; empty before `productHeaders`. */
export function activityIdOf(response: Response): string {
  return response.get('x-ms-activity-id') ?? '';
}

/** One resource or one page. */
export function send({ response }: Pick<Call, 'response'>, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.status(status);
  response.set('Cache-Control', ALWAYS['Cache-Control']); // where errors end it was made shorter
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/** With nothing in it. */
export function sendNothing({ response }: Pick<Call, 'response'>, status: 204 | 304): void {
  response.status(status).end();
}
