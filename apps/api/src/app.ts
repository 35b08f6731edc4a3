// The API as one Express app: dialects under their mounts, health, the document, the operators' board. It does not listen.
import { PlatformError } from '@berth/core';
import express, { type Express, type RequestHandler } from 'express';
import { adminRouter, BOARD_PATH } from './admin';
import { DIALECTS } from './dialects';
import type { ApiContext } from './dialects/dialect';
import { healthRouter } from './health';
import { ownHosts, type Spoken } from './hosts';
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
export type Serving = Omit<ApiContext, 'proofs' | 'streams'> &
  Partial<Pick<ApiContext, 'proofs' | 'streams'>> & {
    /** Names of hosts that a dialect has for itself → its name. Default: none. */
    dialectHosts?: ReadonlyMap<string, string>;
  };

/**
 * Everything that answers. What is thrown under a mount, or at a host of a dialect's own, is answered by that dialect, all
 * else by a problem document. Throws `invalid_request` when `dialectHosts` names a dialect that there is not.
 */
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
  const spoken = DIALECTS.map((dialect): Spoken => {
    const ends = [refuseUnknown, errorsTo(dialect.renderError, api.log, refusals)];
    return { dialect, answers: [dialect.router(api)], ends };
  });
  const health = healthRouter(api);
  const openapi = openapiRouter();
  if (api.dialectHosts !== undefined && api.dialectHosts.size > 0) {
    // our document goes with the dialect that it tells of, whose errors link to it
    app.use(
      ownHosts(api.dialectHosts, spoken, ({ documented }) => [health, ...(documented === undefined ? [] : [openapi])]),
    );
  }
  for (const { dialect, answers, ends } of spoken) app.use(dialect.mount, ...answers, ...ends);
  app.use(health, openapi, adminRouter(api, refusals));
  app.use(refuseUnknown, errorsTo(renderProblem, api.log, refusals));
  return app;
}

const PLACES = new Map([...DIALECTS.map(({ mount, name }): [string, string] => [mount, name]), [BOARD_PATH, 'board']]);

const refuseUnknown: RequestHandler = () => {
  throw new PlatformError('not_found', 'There is nothing at this address.');
};
