// Our own API, `/v1`: design.md's nouns in snake_case JSON, errors as problem documents.
import { sendProblem } from '../../http/problem';
import { routerOf } from '../../http/route';
import type { Dialect } from '../dialect';

export const native: Dialect = {
  name: 'native',
  mount: '/v1',
  router: () => routerOf([]),
  renderError: (error, _request, response) => sendProblem(error, response),
};
