// Routes as a list, so that tests can walk it: a method that an address does not know is 405 with `Allow`, never 404.
import { PlatformError } from '@berth/core';
import { type Request, type RequestHandler, type Response, Router, type RouterOptions } from 'express';
import type { Operation } from './operation';
import { noteSubject } from './refusals';

/** One request and its response. */
export interface Call {
  request: Request;
  response: Response;
}

export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In Express's language, relative to the mount: `/databases/:id`. */
  path: string;
  /** What it is for those who call it; none for pages and for the APIs of other products, which document themselves. */
  operation?: Operation;
  /** Answers, or throws. HEAD comes here too, where the method is `get`; its body is left out. */
  handle(call: Call): Promise<void>;
}

/** A route that is documented. */
export type DocumentedRoute = Pick<Route, 'method' | 'path'> & { operation: Operation };

/** A router of these routes, after `before`. OPTIONS is answered with 204 and `Allow`. `options`: how addresses are compared. */
export function routerOf(routes: Route[], before: RequestHandler[] = [], options: RouterOptions = {}): Router {
  const router = Router(options);
  for (const each of before) router.use(each);
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const place = router.route(path);
    for (const { method, handle } of here) {
      place[method]((request, response) => {
        noteSubject(request, response);
        return handle({ request, response });
      });
    }
    const allow = allowedBy(here);
    place.all((request, response) => {
      response.set('Allow', allow);
      if (request.method === 'OPTIONS') return void response.status(204).end();
      throw new PlatformError('method_not_allowed', `This address knows ${allow}.`);
    });
  }
  return router;
}

function allowedBy(routes: Route[]): string {
  const methods = routes.map((route) => route.method.toUpperCase());
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}
