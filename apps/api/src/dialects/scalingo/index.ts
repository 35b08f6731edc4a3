// Scalingo's API and its Database API: databases, each of which is an app with one addon as well, for that is how the product's
// clients show, wait for and delete one. Its words stay in this folder.
import { notToBeKept } from '../../http/not-to-be-kept';
import { type Route, routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { accountRoutes } from './account';
import { addonRoutes } from './addons';
import { appRoutes } from './apps';
import { databaseApiRoutes } from './database-api';
import { databaseUserRoutes } from './database-users';
import { databaseRoutes } from './databases';
import { projectRoutes } from './projects';
import { providerRoutes } from './providers';
import { renderError } from './render-error';
import { tokenRoutes } from './tokens';

export const scalingo: Dialect = {
  name: 'scalingo',
  mount: '/scalingo',
  router: (api) => routerOf(scalingoRoutes(api), [notToBeKept]),
  renderError,
};

/** Every route of the dialect. Clients may write a `?` with nothing after it. */
export function scalingoRoutes(api: ApiContext): Route[] {
  return [
    ...tokenRoutes(api),
    ...accountRoutes(api),
    ...databaseRoutes(api),
    ...projectRoutes(api),
    ...providerRoutes(api),
    ...appRoutes(api),
    ...addonRoutes(api),
    ...databaseApiRoutes(api),
    ...databaseUserRoutes(api),
  ];
}
