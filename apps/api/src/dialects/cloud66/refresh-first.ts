// Before databases are shown their server is looked at, as the product promises, and what is known is shown when that takes long.
import { refreshServer } from '@berth/actions';
import type { Call } from '../../http/route';
import { whileCallerStays } from '../../http/wait';
import type { ApiContext } from '../dialect';

/** No list takes longer for it, whatever the server or its worker do. */
const REFRESH_MS_MAX = 2_000;

/** Returns when the store knows what the server has, or waiting for that has no sense any more. Throws nothing that the server does. */
export async function refreshFirst(api: ApiContext, call: Call, server: { id: string }): Promise<void> {
  await whileCallerStays(api, call, (giveUp) => refreshServer(api, server.id, REFRESH_MS_MAX, giveUp));
}
