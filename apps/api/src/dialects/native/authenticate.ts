// Who calls: a bearer token, with one of the scopes that a route asks for.
import type { Caller } from '@berth/actions';
import type { Scope } from '@berth/core';
import { type FindBearer, getBearerAccess, requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

/** Scopes that may read. An operator reads everything but passwords. */
export const READ: Scope[] = ['public', 'operator'];
export const WRITE: Scope[] = ['admin'];
export const OPERATE: Scope[] = ['operator'];
/** Cancelling, trying again, bringing back, keeping longer: its own team's, an operator any that it sees. */
export const STEER: Scope[] = ['admin', 'operator'];

/** Throws `unauthenticated`, or `missing_scope` when the access has none of `anyOf`. */
export async function authenticate(
  api: ApiContext,
  call: Call,
  anyOf: Scope[],
  find: FindBearer = api.store.accesses.findBearer,
): Promise<Caller> {
  const access = await getBearerAccess(api, call.request, call.response, find);
  requireScope(access, ...anyOf);
  return access;
}
