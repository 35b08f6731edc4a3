// Older clients put a slash behind an endpoint that ends in one: `//dbs` is `/dbs`.
import type { RequestHandler } from 'express';

/** Of the path that is routed; the query stays, and so does the address that answers tell. */
export const collapseSlashes: RequestHandler = (request, _response, next) => {
  const [path = '', ...query] = request.url.split('?');
  request.url = [path.replace(SLASHES, '/'), ...query].join('?');
  next();
};

/** Not those behind a scheme: a proxy may be asked for a whole URL (RFC 9112, 3.2.2). */
const SLASHES = /(?<!^https?:)\/{2,}/gi;
