// What operators see in a browser: the board of the queues, behind a sign-in by token.
import { type RequestHandler, Router } from 'express';
import type { ApiContext } from '../dialects/dialect';
import { routerOf } from '../http/route';
import { boardRouter } from './board';
import { authenticateOperator } from './session';
import { SIGN_IN_PATH, signInRoutes } from './sign-in';

/** Where the board is. */
const BOARD_PATH = '/admin/queues';

/** `/admin/sign-in` for all, `/admin/queues` for operators. */
export function adminRouter(api: ApiContext): Router {
  const router = Router();
  router.use(routerOf(signInRoutes(api, BOARD_PATH)));
  router.use(BOARD_PATH, operatorsOnly(api), boardRouter(api, BOARD_PATH));
  return router;
}

/** Throws `unauthenticated` or `missing_scope`; sends a browser without a session to the sign-in. */
function operatorsOnly(api: ApiContext): RequestHandler {
  return async (request, response, next) => {
    const access = await authenticateOperator(api, { request, response });
    if (access !== null) return next();
    response.redirect(303, SIGN_IN_PATH);
  };
}
