// Our own API, `/v1`: the nouns of the house in snake_case JSON, errors as problem documents.
import { notToBeKept } from '../../http/not-to-be-kept';
import { routerOf } from '../../http/route';
import type { Dialect } from '../dialect';
import { renderError } from './render-error';
import { NATIVE_ENDPOINTS, nativeRoutes } from './routes';

export const native: Dialect = {
  name: 'native',
  mount: '/v1',
  documented: NATIVE_ENDPOINTS,
  router: (api) => routerOf(nativeRoutes(api), [notToBeKept]),
  renderError,
};
