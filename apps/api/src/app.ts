// The API as one Express app: dialects under their mounts, health, the document, the operators' board. It does not listen.
import { PlatformError } from '@berth/core';
import express, { type Express, type RequestHandler } from 'express';
import { adminRouter, BOARD_PATH } from './admin';
import { DIALECTS } from './dialects';
import type { ApiContext } from './dialects/dialect';
import { healthRouter } from './health';
import { accessLog } from './http/access-log';
import { trustProxies } from './http/address';
import { errorsTo } from './http/errors';
import { answerPlainJson } from './http/plain-json';
import { renderProblem } from './http/problem';
import { openProofs } from './http/proofs';
import { openRefusals } from './http/refusals';
import { requestMetrics } from './http/request-metrics';
import { requestSpans } from './http/request-span';
import { securityHeaders } from './http/security-headers';
import { openStreams } from './http/streams';
import { watchedBy } from './http/watch';
import { openapiRouter } from './openapi/router';

/** What an app is made of. It has streams and proofs of its own, with the usual bounds, where it is given none. */
export type Serving = Omit<ApiContext, 'proofs' | 'streams'> & Partial<Pick<ApiContext, 'proofs' | 'streams'>>;

/** Everything that answers. What is thrown under a mount is answered by its dialect, all else by a problem document. */
export function appOf(serving: Serving): Express {
  const api = { streams: openStreams(serving.metrics), proofs: openProofs(serving.clock), ...serving };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // states change under the same address; nobody may be told that nothing did
  trustProxies(app, api.trustedProxies ?? []);
  answerPlainJson(app);
  const refusals = openRefusals(api);
  if (api.tracing.isOn) app.use(requestSpans(api.tracing));
  const metrics = requestMetrics(api.metrics, api.clock, PLACES);
  app.use(watchedBy(accessLog(api.log, api.clock), metrics, securityHeaders(), refusals.watch));
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
