// `response.json` without what no answer of ours needs: no settings, no other charset, no 304. Every answer passes here.
import type { Express, Response } from 'express';

/** For the responses of this app. The type is `application/json`; HEAD gets the headers alone. */
export function answerPlainJson(app: Express): void {
  app.response.json = function (this: Response, body: unknown) {
    const text = JSON.stringify(body);
    this.setHeader('Content-Type', 'application/json; charset=utf-8');
    this.setHeader('Content-Length', Buffer.byteLength(text));
    return this.end(text); // of a HEAD, Node itself leaves the body out
  };
}
