// The API as one Express app: dialects under their mounts, health, the document, the operators' board. It does not listen.
import { PlatformError } from '@berth/core';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { adminRouter, BOARD_PATH } from './admin';
import { DIALECTS } from './dialects';
import type { ApiContext } from './dialects/dialect';
import { healthRouter } from './health';
import { accessLog } from './http/access-log';
import { trustProxies } from './http/address';
import { errorsTo } from './http/errors';
import { renderProblem } from './http/problem';
import { openRefusals } from './http/refusals';
import { requestMetrics } from './http/request-metrics';
import { requestSpans } from './http/request-span';
import { openStreams } from './http/streams';
import { openapiRouter } from './openapi/router';

/** What an app is made of. Without `streams` it has some of its own, with the usual bounds. */
export type Serving = Omit<ApiContext, 'streams'> & Partial<Pick<ApiContext, 'streams'>>;

/** Everything that answers. What is thrown under a mount is answered by its dialect, all else by a problem document. */
export function appOf(serving: Serving): Express {
  const api = { streams: openStreams(serving.metrics), ...serving };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // states change under the same address; nobody may be told that nothing did
  trustProxies(app, api.trustedProxies ?? []);
  const refusals = openRefusals(api);
  app.use(requestSpans(api.tracing), accessLog(api.log, api.clock), requestMetrics(api.metrics, api.clock, PLACES));
  app.use(securityHeaders(), refusals.handler);
  for (const dialect of DIALECTS) {
    app.use(dialect.mount, dialect.router(api), refuseUnknown, errorsTo(dialect.renderError, api.log, refusals));
  }
  app.use(healthRouter(api), openapiRouter(), adminRouter(api, refusals));
  app.use(refuseUnknown, errorsTo(renderProblem, api.log, refusals));
  return app;
}

const PLACES = new Map([...DIALECTS.map(({ mount, name }): [string, string] => [mount, name]), [BOARD_PATH, 'board']]);

const refuseUnknown: RequestHandler = () => {
  throw new PlatformError('not_found', 'There is nothing at this address.');
};

/** Helmet's, but: the API may be served without TLS inside a network, and no page calls other hosts. */
function securityHeaders(): RequestHandler {
  const directives = {
    fontSrc: ["'self'", 'data:'],
    styleSrc: ["'self'", "'unsafe-inline'"],
    upgradeInsecureRequests: null,
  };
  // `same-origin`: under Helmet's `no-referrer` browsers send forms with `Origin: null`, which the sign-in refuses
  return helmet({ contentSecurityPolicy: { directives }, referrerPolicy: { policy: 'same-origin' } });
}
