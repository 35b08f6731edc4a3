// Globo's DBaaS API: databases and credentials, with the plans, environments, projects, engine types and tasks that they link
// to. Its words stay in this folder: a credential is one grant, a task is an action.
import { type RequestHandler, Router } from 'express';
import { type Route, routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { authenticate } from './authenticate';
import { credentialRoutes } from './credentials';
import { databaseRoutes } from './databases';
import { engineTypeRoutes } from './engine-kinds';
import { environmentRoutes } from './environments';
import { linkTo, sendOne } from './hal';
import { planRoutes } from './plans';
import { projectRoutes } from './projects';
import { renderError } from './render-error';
import { taskRoutes } from './tasks';

export const globo: Dialect = {
  name: 'globo',
  mount: '/globo/api',
  router: (api) => Router().use(notToBeKept, routerOf(globoRoutes(api))),
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

const RESOURCES = ['credential', 'database', 'engine_type', 'environment', 'plan', 'project', 'task'];

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

/** Answers hold states that change, and passwords: nobody on the way may keep one. */
const notToBeKept: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};
