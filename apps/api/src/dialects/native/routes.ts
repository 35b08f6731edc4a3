// Every address of the native API. What may be called, with which scope, and what it answers is in the nouns' files.
import type { Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { actionRoutes } from './actions';
import { credentialRoutes } from './credentials';
import { databaseRoutes } from './databases';
import { serverRoutes } from './servers';

/** Relative to `/v1`. */
export function nativeRoutes(api: ApiContext): Route[] {
  return [...databaseRoutes(api), ...credentialRoutes(api), ...actionRoutes(api), ...serverRoutes(api)];
}
