// Answers as the product writes them: what was asked of databases in one line, all else over several lines. Neither names a charset.
import type { Response } from 'express';
import type { Call } from '../../http/route';

/** In one line. */
export function sendCompact({ response }: Call, status: number, body: object): void {
  send(response, status, JSON.stringify(body));
}

/** Over several lines, each two spaces further in. */
export function sendPretty(response: Response, status: number, body: object): void {
  send(response, status, JSON.stringify(body, null, 2));
}

/** Of addresses that are not there: nine bytes of no type. */
export function sendNotFound(response: Response): void {
  response.status(404).setHeader('Content-Length', NOT_FOUND.length);
  response.end(NOT_FOUND);
}

const NOT_FOUND = 'Not Found';

function send(response: Response, status: number, text: string): void {
  response.status(status);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
