// Our own API, `/v1`: the nouns of the house in snake_case JSON, errors as problem documents.
import express from 'express';
import { routerOf } from '../../http/route';
import type { Dialect } from '../dialect';
import { renderError } from './render-error';
import { NATIVE_ENDPOINTS, nativeRoutes } from './routes';

export const native: Dialect = {
  name: 'native',
  mount: '/v1',
  documented: NATIVE_ENDPOINTS,
  router(api) {
    const router = express.Router();
    router.use((_request, response, next) => {
      response.set('Cache-Control', 'no-store'); // answers hold states, and some of them passwords
      next();
    });
    return router.use(routerOf(nativeRoutes(api)));
  },
  renderError,
};
