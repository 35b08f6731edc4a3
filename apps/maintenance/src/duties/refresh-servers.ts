// Duty: servers that were not looked at for a while are asked what their databases hold.
import { type Context, lookAtServers } from '@berth/actions';

/** Safe to repeat and to race. */
export async function refreshServers(context: Context, everyMs: number): Promise<void> {
  const count = await lookAtServers(context, everyMs);
  if (count !== null && count > 0) context.log.debug({ count }, 'Asked for a look at servers');
}
