// Keeping a quarantined database longer: no server hears of it, so it is done at once.
import { PlatformError, QUARANTINE_DAYS_MAX } from '@berth/core';
import type { DatabaseView, Nouns } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { getRestorable } from '../kinds/removable';
import { contradicts, getDatabase } from '../kinds/subjects';
import { audited, invalid } from './audited';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Puts the end of a quarantine off by so many whole days, and returns the database. Throws `not_found`; `contradicts` for
 * what is not quarantined or is being deleted; `invalid_request` for less than a day, or an end more than
 * QUARANTINE_DAYS_MAX days from now; `contradicts` where not even one more fits. Each call adds more: not safe to repeat.
 */
export async function extendQuarantine(
  context: Context,
  { databaseId, days }: { databaseId: string; days: number },
  caller: Caller,
): Promise<DatabaseView> {
  const { database } = await audited(context, caller, 'database_extend', async (tx) => {
    await tx.databases.lock(databaseId);
    const before = await getRestorable(tx, caller, databaseId);
    await refuseMoved(tx, before);
    refuseTooLong(context, before, days);
    await tx.databases.extend(databaseId, days);
    const after = await getDatabase(tx, databaseId);
    return {
      teamId: before.team_id,
      subjectId: databaseId,
      before: { purge_after: timeOf(before) },
      after: { purge_after: timeOf(after) },
      database: after,
    };
  });
  return database;
}

async function refuseMoved(tx: Nouns, { id, state }: DatabaseView): Promise<void> {
  const open = await tx.actions.findOpenOfDatabase(id, ['database_delete', 'database_restore']);
  const deed = open?.kind === 'database_delete' ? 'deleted' : 'restored';
  if (open !== null) throw contradicts(open.id, `The database ${id} is being ${deed}.`);
  if (state === 'quarantined') return;
  throw new PlatformError('contradicts', `The database ${id} is ${state}, not quarantined.`);
}

function refuseTooLong({ clock }: Context, database: DatabaseView, days: number): void {
  const keptUntil = database.purge_after?.getTime() ?? 0;
  const latest = clock.now().getTime() + QUARANTINE_DAYS_MAX * DAY_MS;
  const daysMax = Math.floor((latest - keptUntil) / DAY_MS);
  const kept = `it is kept until ${timeOf(database)}, and at most until ${QUARANTINE_DAYS_MAX} days from now`;
  if (daysMax < 1) {
    const nextAt = new Date(keptUntil - (QUARANTINE_DAYS_MAX - 1) * DAY_MS).toISOString();
    const advice = `Ask again from ${nextAt} on, or protect it: what is protected is not dropped.`;
    throw new PlatformError('contradicts', `The database ${database.id} cannot be kept longer: ${kept}. ${advice}`);
  }
  if (Number.isInteger(days) && days >= 1 && days <= daysMax) return;
  throw invalid('days', `must be a whole number from 1 to ${daysMax}: ${kept}`);
}

function timeOf({ purge_after }: DatabaseView): string | null {
  return purge_after?.toISOString() ?? null;
}
