// Globo's DBaaS API: databases and credentials, with the plans, environments, projects, engine types and tasks that they link
// to. Its words stay in this folder: a credential is one grant, a task is an action.
import { notToBeKept } from '../../http/not-to-be-kept';
import { type Route, routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { linkTo, sendOne } from './answer';
import { authenticate } from './authenticate';
import { credentialRoutes } from './credentials';
import { databaseRoutes } from './databases';
import { engineTypeRoutes } from './engine-kinds';
import { environmentRoutes } from './environments';
import { RESOURCES } from './links';
import { planRoutes } from './plans';
import { projectRoutes } from './projects';
import { renderError } from './render-error';
import { taskRoutes } from './tasks';

export const globo: Dialect = {
  name: 'globo',
  mount: '/globo/api',
  router: (api) => routerOf(globoRoutes(api), [notToBeKept]),
  renderError,
};

/** Every route of the dialect. A slash at the end may be left out. */
export function globoRoutes(api: ApiContext): Route[] {
  return [
    indexRoute(api),
    ...databaseRoutes(api),
    ...credentialRoutes(api),
    ...planRoutes(api),
    ...environmentRoutes(api),
    ...projectRoutes(api),
    ...engineTypeRoutes(api),
    ...taskRoutes(api),
  ];
}

/** Where everything is, as the router of Django REST framework tells it. */
function indexRoute(api: ApiContext): Route {
  return {
    method: 'get',
    path: '/',
    async handle(call) {
      await authenticate(api, call, 'public');
      const links = RESOURCES.map((name) => [name, linkTo(call, `/${name}/`)]);
      sendOne(call, null, Object.fromEntries(links));
    },
  };
}
