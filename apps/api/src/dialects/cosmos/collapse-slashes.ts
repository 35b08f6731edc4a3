// Older clients put a slash behind an endpoint that ends in one: `//dbs` is `/dbs`.
import type { RequestHandler } from 'express';

/** Of the path that is routed; the query stays, and so does the address that answers tell. */
export const collapseSlashes: RequestHandler = (request, _response, next) => {
  const [path = '', ...query] = request.url.split('?');
  request.url = [path.replace(/\/{2,}/g, '/'), ...query].join('?');
  next();
};
