// Cloud 66's API, version 3, as far as databases go: stacks, server groups, databases, their users, and the actions to poll. Its words
// stay in this folder: a stack is a project in an environment, a server group is one server.
import { notToBeKept } from '../../http/not-to-be-kept';
import { routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { actionRoutes } from './actions';
import { databaseUserRoutes } from './database-users';
import { databaseRoutes } from './databases';
import { withoutJsonSuffix } from './json-suffix';
import { renderError } from './render-error';
import { serverGroupRoutes } from './server-groups';
import { stackRoutes } from './stacks';

export const cloud66: Dialect = {
  name: 'cloud66',
  mount: '/cloud66/api/3',
  router: (api) => routerOf(cloud66Routes(api), [withoutJsonSuffix, notToBeKept]),
  renderError,
};

/** Every route of the dialect, without the suffix. */
export function cloud66Routes(api: ApiContext) {
  return [
    ...stackRoutes(api),
    ...serverGroupRoutes(api),
    ...databaseRoutes(api),
    ...databaseUserRoutes(api),
    ...actionRoutes(api),
  ];
}
