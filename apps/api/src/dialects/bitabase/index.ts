// Bitabase's API: databases, and the users and sessions that they are called with. Its words stay in this folder: a user is an
// access with a login, a session one that its login opened.

import { notToBeKept } from '../../http/not-to-be-kept';
import { type Route, routerOf } from '../../http/route';
import type { ApiContext, Dialect } from '../dialect';
import { collectionRoutes } from './collections';
import { answerOptions, letPagesIn, refuseHead } from './cross-origin';
import { databaseRoutes } from './databases';
import { renderError } from './render-error';
import { sessionRoutes } from './sessions';
import { userRoutes } from './users';

/** The product compares whole addresses, letter by letter. */
const COMPARED = { caseSensitive: true, strict: true };

export const bitabase: Dialect = {
  name: 'bitabase',
  mount: '/bitabase/v1',
  router: (api) => routerOf(bitabaseRoutes(api), [notToBeKept, letPagesIn(api), answerOptions, refuseHead], COMPARED),
  renderError,
};

/** Every route of the dialect. */
export function bitabaseRoutes(api: ApiContext): Route[] {
  return [...databaseRoutes(api), ...collectionRoutes(api), ...sessionRoutes(api), ...userRoutes(api)];
}
