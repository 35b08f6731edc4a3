// For whoever is about to show databases: has their server looked at first, and waits for that no longer than it can.
import type { Context } from './context';
import { serverRefresh } from './kinds';
import { request } from './request';
import { waitForAction } from './wait';

/**
 * Asks for a `server_refresh`, or joins the one that is open, and waits for its end until it was asked for `waitMs` ago: while a
 * server or its worker is away one caller waits, and not each anew. Returns whether it succeeded by then; what the store knows
 * may be shown in any case, `refreshed_at` says from when it is. A server that is not in use is not asked. Any number of callers
 * at once cost one look. Throws nothing that the server does.
 */
export async function refreshServer(
  context: Context,
  serverId: string,
  waitMs: number,
  giveUp?: AbortSignal,
): Promise<boolean> {
  const { clock, store } = context;
  const server = await store.servers.find(serverId);
  if (server === null || server.state === 'offline' || server.checked_at === null) return false;
  const { id, created_at } = await request(context, serverRefresh, { serverId }, null);
  const ageMs = (await store.now()).getTime() - created_at.getTime(); // by one clock
  const { state } = await waitForAction(store, clock, id, Math.max(0, waitMs - ageMs), giveUp);
  return state === 'succeeded';
}
