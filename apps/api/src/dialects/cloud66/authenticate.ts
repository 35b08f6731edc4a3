// Who calls, in Cloud 66's way: a bearer token that does not expire by itself, with scopes named as ours are.
import type { Caller } from '@berth/actions';
import type { Scope } from '@berth/core';
import { getBearerAccess, requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

/** The access that calls. Throws `unauthenticated`, or `missing_scope` (reading needs `public`, writing `admin`). */
export async function authenticate(api: ApiContext, call: Call, scope: Scope): Promise<Caller> {
  const access = await getBearerAccess(api, call.request, call.response);
  requireScope(access, scope);
  return access;
}
