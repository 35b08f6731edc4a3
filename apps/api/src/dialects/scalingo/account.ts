// Who calls, as a user of the product, and the regions that this user may work in.
import type { Access } from '@berth/store';
import { linkTo } from '../../http/links';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate } from './authenticate';
import { userIdOf } from './ids';
import { showRegion } from './regions';

export function accountRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/users/self', handle: (call) => answerSelf(api, call) },
    { method: 'get', path: '/v1/regions', handle: (call) => answerRegions(api, call) },
  ];
}

/** The access: people have several, and each is a user here. */
export function showUser(access: Access) {
  const { name, person } = access;
  return { id: userIdOf(access), username: name, fullname: name, email: person, flags: {} };
}

async function answerSelf(api: ApiContext, call: Call): Promise<void> {
  call.response.json({ user: showUser(await authenticate(api, call, 'public')) });
}

async function answerRegions(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, 'public');
  call.response.json({ regions: [showRegion(linkTo(call.request, ''))] });
}
