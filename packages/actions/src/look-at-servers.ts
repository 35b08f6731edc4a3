// Servers are looked at again and again, one after another: what is known of their databases is never much older than that.
import { codeOf } from '@berth/core';
import type { Context } from './context';
import { serverRefresh } from './kinds';
import { request } from './request';

/** One run asks for this many looks: after a long pause the servers of a large house are not all asked at once. */
const LOOKS_MAX = 20;

/**
 * Requests a `server_refresh` of each server in use that nobody asked for since `everyMs` ago (a tenth more or less, so that they
 * spread). How many it requested; null when another maintenance process is at it. Safe to repeat and to race.
 */
export async function lookAtServers(context: Context, everyMs: number): Promise<number | null> {
  let count = 0;
  const ran = await context.store.exclusively('berth looks', async (tx) => {
    for (const serverId of await tx.servers.listToLookAt('server_refresh', everyMs, LOOKS_MAX)) {
      try {
        await request(context, serverRefresh, { serverId }, null);
        count += 1;
      } catch (error) {
        if (codeOf(error) !== 'not_found') throw error; // it was taken out since the list was read
      }
    }
  });
  return ran ? count : null;
}
