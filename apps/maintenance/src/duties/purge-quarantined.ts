// Duty: what was deleted and kept is dropped when its days are over; protection that keeps some of it is told each time.
import { type Context, purge } from '@berth/actions';

/** Safe to repeat and to race. */
export async function purgeQuarantined(context: Context): Promise<void> {
  const purged = await purge(context);
  if (purged === null) return; // another maintenance process is at it
  const { requested, protectedCount } = purged;
  if (requested > 0) context.log.info({ count: requested }, 'Dropping databases whose days in quarantine are over');
  if (protectedCount > 0) {
    const message = 'Databases whose days in quarantine are over stay, for they are protected from deleting';
    context.log.warn({ count: protectedCount }, message);
  }
}
