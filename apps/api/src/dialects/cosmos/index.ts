// Azure Cosmos DB's API of databases: signed requests, an account and its databases. Its words stay in this folder: an account is a
// team, an id the name of a database. Documents and collections are not here.
import { type Route, routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { accountRoute } from './account';
import { productHeaders } from './answer';
import { collapseSlashes } from './collapse-slashes';
import { databaseRoutes } from './databases';
import { openKeys } from './keys';
import { renderError } from './render-error';

export const cosmos: Dialect = {
  name: 'cosmos',
  mount: '/cosmos',
  router: (api) => routerOf(cosmosRoutes(api), [productHeaders(api.clock.now()), collapseSlashes]),
  renderError,
};

/** Every route of the dialect. A slash at the end may be left out. */
export function cosmosRoutes(context: ApiContext): Route[] {
  const api = { ...context, keys: openKeys(context) };
  return [accountRoute(api), ...databaseRoutes(api)];
}
