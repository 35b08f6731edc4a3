// What operators see in a browser: the board of the queues, behind a sign-in by token.
import { recordDeed } from '@berth/actions';
import { type RequestHandler, Router } from 'express';
import type { ApiContext } from '../dialects/dialect';
import type { Refusals } from '../http/refusals';
import { routerOf } from '../http/route';
import { boardRouter } from './board';
import { authenticateOperator } from './session';
import { SIGN_IN_PATH, signInRoutes } from './sign-in';

/** Where the board is. */
export const BOARD_PATH = '/admin/queues';

/** `/admin/sign-in` for all, `/admin/queues` for operators. */
export function adminRouter(api: ApiContext, refusals: Refusals): Router {
  const router = Router();
  router.use(routerOf(signInRoutes(api, refusals, BOARD_PATH)));
  router.use(BOARD_PATH, operatorsOnly(api), boardRouter(api, BOARD_PATH));
  return router;
}

/** Throws `unauthenticated` or `missing_scope`; sends a browser without a session to the sign-in. What
 * an operator changes by the board is recorded before it is done. */
function operatorsOnly(api: ApiContext): RequestHandler {
  return async (request, response, next) => {
    const access = await authenticateOperator(api, { request, response });
    if (access === null) return response.redirect(303, SIGN_IN_PATH);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      await recordDeed(api, access, 'queue_change', { method: request.method, path: request.path });
    }
    next();
  };
}
