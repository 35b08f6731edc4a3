// Who calls: a token for an hour, for all of the API or for the Database API of one database. The token of a bearer access is taken
// in place of either.
import type { Caller } from '@berth/actions';
import type { Scope, Secret } from '@berth/core';
import type { Access } from '@berth/store';
import { requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import { getAccessFor, signToken } from '../../http/signed-tokens';
import type { ApiContext } from '../dialect';
import { userIdOf } from './ids';

const API = 'api';
const DATABASE = 'database';

/** The access that calls. Throws `unauthenticated`; `missing_scope` unless it has all of these. */
export async function authenticate(api: ApiContext, call: Call, ...scopes: Scope[]): Promise<Caller> {
  const access = await getAccessFor(api, call, ({ audience }) => audience === API);
  for (const scope of scopes) requireScope(access, scope);
  return access;
}

/** The same for the Database API, where the token of this one addon will do. */
export async function authenticateForAddon(api: ApiContext, call: Call, ...scopes: Scope[]): Promise<Caller> {
  const asked = String(call.request.params.addon).toLowerCase();
  const access = await getAccessFor(api, call, ({ audience, subject }) => {
    return audience === API || (audience === DATABASE && subject === asked);
  });
  for (const scope of scopes) requireScope(access, scope);
  return access;
}

/** Good for the API. Throws `missing_scope` for an access that signs none. */
export function signForApi(api: ApiContext, access: Access): Secret {
  return signToken(api, access, { audience: API, subject: userIdOf(access) });
}

/** Good for the Database API of this addon alone. Throws the same. */
export function signForAddon(api: ApiContext, access: Access, addonId: string): Secret {
  return signToken(api, access, { audience: DATABASE, subject: addonId });
}
