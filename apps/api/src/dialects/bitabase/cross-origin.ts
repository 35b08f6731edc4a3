// The product's client is a page of another site. Pages of the origins that operators name may read answers, whatever those are;
// no cookie is read here, so a page can do nothing by what a browser remembers. Helmet's Cross-Origin-Resource-Policy does not
// stand against it: browsers hold it against requests without CORS alone (fetch.spec.whatwg.org, "main fetch").
import { PlatformError } from '@berth/core';
import type { RequestHandler } from 'express';
import type { ApiContext } from '../dialect';

/** The two headers of the product. It names no methods: GET and POST need no leave. */
const HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Origin, X-Requested-With, Content-Type, Accept, X-Session-Id, X-Session-Secret',
};

/** On every answer to such a page, those of errors too; none to others. */
export function letPagesIn({ allowedOrigins = [] }: Pick<ApiContext, 'allowedOrigins'>): RequestHandler {
  return (request, response, next) => {
    const origin = request.get('origin');
    if (origin !== undefined && allowedOrigins.includes(origin)) response.set(HEADERS);
    next();
  };
}

/** The same at every address, known or not. */
export const answerOptions: RequestHandler = ({ method }, response, next) => {
  if (method !== 'OPTIONS') return next();
  response.status(200).setHeader('Content-Length', 0);
  response.end();
};

/** The product knows GET and POST. */
export const refuseHead: RequestHandler = ({ method }, _response, next) => {
  if (method === 'HEAD') throw new PlatformError('method_not_allowed', 'There is no HEAD here.');
  next();
};
