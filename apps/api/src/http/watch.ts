// What looks at every request before anything answers it, and lets it pass: together one step of the router and one
// listener of the response, which cost more than the looks do.
import type { Request, RequestHandler, Response } from 'express';

/** Looks at a request as it comes. What it returns is called when the response is over, sent or not. */
export type Watch = (request: Request, response: Response) => (() => void) | null;

/** Has them all look, in this order. */
export function watchedBy(...watches: Watch[]): RequestHandler {
  return (request, response, next) => {
    const ends = watches.map((watch) => watch(request, response)).filter((end) => end !== null);
    if (ends.length > 0) {
      response.once('close', () => {
        for (const end of ends) end();
      });
    }
    next();
  };
}
