// Every address of the native API. What may be called, with which scope, and what it answers is in the nouns' files.
import type { Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { accessEndpoints } from './accesses';
import { actionEndpoints } from './actions';
import { adoptEndpoints } from './adopt';
import { auditEndpoints } from './audit';
import { credentialEndpoints } from './credentials';
import { databaseEndpoints } from './databases';
import { driftEndpoints } from './drift';
import type { Endpoint } from './endpoint';
import { engineEndpoints } from './engines';
import { environmentEndpoints } from './environments';
import { eventEndpoints } from './events';
import { planEndpoints } from './plans';
import { poolEndpoints } from './pools';
import { projectEndpoints } from './projects';
import { serverEndpoints } from './servers';
import { teamEndpoints } from './teams';

/** Relative to `/v1`. */
export const NATIVE_ENDPOINTS: Endpoint[] = [
  ...databaseEndpoints,
  ...credentialEndpoints,
  ...actionEndpoints,
  ...eventEndpoints,
  ...teamEndpoints,
  ...projectEndpoints,
  ...accessEndpoints,
  ...engineEndpoints,
  ...environmentEndpoints,
  ...planEndpoints,
  ...poolEndpoints,
  ...serverEndpoints,
  ...driftEndpoints,
  ...adoptEndpoints,
  ...auditEndpoints,
];

/** The same, at work. */
export function nativeRoutes(api: ApiContext): Route[] {
  return NATIVE_ENDPOINTS.map(({ handle, ...rest }) => ({ ...rest, handle: (call) => handle(api, call) }));
}
