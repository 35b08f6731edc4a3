// Before databases are shown their server is looked at, as the product promises, and what is known is shown when that takes long.
import { refreshServer } from '@berth/actions';
import type { ServerView } from '@berth/store';
import type { Call } from '../../http/route';
import { whileCallerStays } from '../../http/wait';
import type { ApiContext } from '../dialect';

/** No list takes longer for it, whatever the server or its worker do. */
const REFRESH_MS_MAX = 2_000;

/** What was seen less than this ago is of now: a client that asks in a loop would write an action and its events with each list. */
const OF_NOW_MS = 1_000;

/** Returns when the store knows what the server has, or waiting for that has no sense any more. Throws nothing that the server does. */
export async function refreshFirst(api: ApiContext, call: Call, server: SeenServer): Promise<void> {
  const seenMs = server.refreshed_at?.getTime() ?? 0;
  if ((await api.store.now()).getTime() - seenMs < OF_NOW_MS) return; // by one clock
  await whileCallerStays(api, call, (giveUp) => refreshServer(api, server.id, REFRESH_MS_MAX, giveUp));
}

type SeenServer = Pick<ServerView, 'id' | 'refreshed_at'>;
