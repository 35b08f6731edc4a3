// Cloud 66's own client and the samples of its documentation write every address with `.json` at its end.
import type { RequestHandler } from 'express';

/** Takes the suffix off before routes are matched, so that each route is written once. */
export const withoutJsonSuffix: RequestHandler = (request, _response, next) => {
  request.url = request.url.replace(/^([^?]*)\.json\/?(?=\?|$)/, '$1');
  next();
};
