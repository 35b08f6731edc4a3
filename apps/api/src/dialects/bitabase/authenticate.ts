// Who calls, in Bitabase's way: by the id and the secret of a session, both of one. It may what its login may at this moment.
import { type Caller, noteUse } from '@berth/actions';
import { PlatformError, type Scope } from '@berth/core';
import type { Access } from '@berth/store';
import { noteAccess } from '../../http/access-log';
import { addressOf } from '../../http/address';
import type { Call } from '../../http/route';
import { findSession } from '../../http/session';
import type { ApiContext } from '../dialect';

export interface Session {
  /** The login, or the session itself where operators made it. */
  access: Caller;
  session: Access;
}

/**
 * The session that calls, noted for the log, the audit and its last use. Throws `unauthenticated`, the same for all;
 * `too_many_requests`; `missing_scope` unless its login has the scope.
 */
export async function authenticate(api: ApiContext, { request, response }: Call, scope?: Scope): Promise<Session> {
  const { clock, limits, store } = api;
  const address = addressOf(request);
  const secret = request.get('x-session-secret') ?? '';
  const opened = await findSession(store, request.get('x-session-id') ?? '', secret);
  if (opened === null) {
    if (secret !== '') await limits.countRefusal(address);
    throw new PlatformError('unauthenticated', 'invalid session provided');
  }
  const { access, session } = opened;
  noteAccess(response, access);
  await limits.countRequest(access.id);
  noteUse(store, session, clock.now());
  if (access !== session) noteUse(store, access, clock.now());
  if (scope !== undefined) refuseWithout(access, scope);
  return { access: { ...access, address }, session };
}

function refuseWithout(access: Access, scope: Scope): void {
  if (access.scopes.includes(scope)) return;
  const message = `the login of this session lacks the scope ${scope}: ask the operators of this Berth for it`;
  throw new PlatformError('missing_scope', message);
}
