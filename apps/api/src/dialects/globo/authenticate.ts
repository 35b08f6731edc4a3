// Who calls, in Globo's way: HTTP Basic, refused in the words of Django REST framework.
import type { Caller } from '@berth/actions';
import { PlatformError, type Scope } from '@berth/core';
import { getBasicAccess, readBasic } from '../../http/basic';
import { requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';

const BROKEN = {
  empty: 'Invalid basic header. No credentials provided.',
  spaces: 'Invalid basic header. Credentials string should not contain spaces.',
  encoding: 'Invalid basic header. Credentials not correctly base64 encoded',
} as const;

/** The access that calls. Throws `unauthenticated`; `missing_scope` unless it has all of these. */
export async function authenticate(api: ApiContext, { request, response }: Call, ...scopes: Scope[]): Promise<Caller> {
  const sent = readBasic(request);
  if (sent.kind === 'none') throw new PlatformError('unauthenticated', 'Authentication credentials were not provided.');
  if (sent.kind === 'broken') throw new PlatformError('unauthenticated', BROKEN[sent.why]);
  const access = await getBasicAccess(api, sent, request, response, 'Invalid username/password');
  for (const scope of scopes) requireScope(access, scope);
  return access;
}
