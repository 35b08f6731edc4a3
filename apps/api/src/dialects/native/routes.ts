// Every address of the native API. What may be called, with which scope, and what it answers is in the nouns' files.
import type { Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { accessRoutes } from './accesses';
import { actionRoutes } from './actions';
import { auditRoutes } from './audit';
import { credentialRoutes } from './credentials';
import { databaseRoutes } from './databases';
import { environmentRoutes } from './environments';
import { planRoutes } from './plans';
import { poolRoutes } from './pools';
import { projectRoutes } from './projects';
import { serverRoutes } from './servers';
import { teamRoutes } from './teams';

/** Relative to `/v1`. */
export function nativeRoutes(api: ApiContext): Route[] {
  return [
    ...databaseRoutes(api),
    ...credentialRoutes(api),
    ...actionRoutes(api),
    ...teamRoutes(api),
    ...projectRoutes(api),
    ...accessRoutes(api),
    ...environmentRoutes(api),
    ...planRoutes(api),
    ...poolRoutes(api),
    ...serverRoutes(api),
    ...auditRoutes(api),
  ];
}
