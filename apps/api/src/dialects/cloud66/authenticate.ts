// Who calls, in Cloud 66's way: a bearer token that does not expire by itself, with scopes named as ours are.
import type { Scope } from '@berth/core';
import type { Access } from '@berth/store';
import { getBearerAccess, requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

/** The access that calls. Throws `unauthenticated`, or `missing_scope` (reading needs `public`, writing `admin`). */
export async function authenticate(api: ApiContext, call: Call, scope: Scope): Promise<Access> {
  const access = await getBearerAccess(api.store, call.request, call.response);
  requireScope(access, scope);
  return access;
}
