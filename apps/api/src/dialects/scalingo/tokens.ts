// Tokens: the one that operators gave out is exchanged for another that is good for an hour.
import { PlatformError } from '@berth/core';
import { readBasic } from '../../http/basic';
import type { Call, Route } from '../../http/route';
import { getSigner } from '../../http/signed-tokens';
import type { ApiContext } from '../dialect';
import { signForApi } from './authenticate';

export function tokenRoutes(api: ApiContext): Route[] {
  return [{ method: 'post', path: '/v1/tokens/exchange', handle: (call) => exchange(api, call) }];
}

/** The token is the password of an empty login. The body says nothing, and is not read. */
async function exchange(api: ApiContext, call: Call): Promise<void> {
  const sent = readBasic(call.request);
  if (sent.kind !== 'sent' || sent.login !== '') throw new PlatformError('unauthenticated', 'Send a token.');
  const access = await getSigner(api, call, sent.password);
  call.response.json({ token: signForApi(api, access).reveal() });
}
