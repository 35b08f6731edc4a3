// Our own API, `/v1`: the nouns of the house in snake_case JSON, errors as problem documents.
import { routerOf } from '../../http/route';
import { type Watch, watchedBy } from '../../http/watch';
import type { Dialect } from '../dialect';
import { renderError } from './render-error';
import { NATIVE_ENDPOINTS, nativeRoutes } from './routes';

export const native: Dialect = {
  name: 'native',
  mount: '/v1',
  documented: NATIVE_ENDPOINTS,
  router: (api) => routerOf(nativeRoutes(api), [watchedBy(notToBeKept)]),
  renderError,
};

/** Answers hold states, and some of them passwords. */
const notToBeKept: Watch = (_request, response) => {
  response.setHeader('Cache-Control', 'no-store');
  return null;
};
