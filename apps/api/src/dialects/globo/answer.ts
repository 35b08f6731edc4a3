// Answers in the shape of the product: each begins with `_links`, the errors too, and is written as Python writes JSON.
import type { Placed } from '@berth/store';
import type { Request, Response } from 'express';
import { askedUrl, linkTo as linkInside } from '../../http/links';
import type { Call } from '../../http/route';
import { type AskedPage, pageLinks } from './pages';
import { jsonText } from './python-json';

/** The absolute URL of a path of this dialect: `/database/1/`. */
export function linkTo({ request }: Pick<Call, 'request'>, path: string): string {
  return linkInside(request, path);
}

/** One thing under its own address; one that has none, under the address that was asked for. */
export function sendOne(call: Call, path: string | null, thing: object, status = 200): void {
  const self = path === null ? askedUrl(call.request) : linkTo(call, path);
  send(call.request, call.response, status, { _links: { self }, ...thing });
}

/** One page of a list, under its key. Each thing has its own `_links` by then. */
export function sendPage(call: Call, key: string, page: AskedPage, { data, total }: Placed<object>): void {
  const { request, response } = call;
  const self = askedUrl(request);
  const _links = { count: total, self, ...pageLinks(self, page, total) };
  send(request, response, 200, { _links, [key]: data });
}

/** With nothing in it. */
export function sendNothing({ response }: Call): void {
  response.status(204).end();
}

/** The type without a charset, as the product has it. */
export function send(request: Request, response: Response, status: number, body: object): void {
  const text = jsonText(body, request.get('accept') ?? '');
  response.status(status);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
