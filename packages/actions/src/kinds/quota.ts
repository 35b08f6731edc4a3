// How many databases a team may have. What its clients were told is deleted does not count, so that whoever deletes may make
// another; who brings it back asks anew.
import { PlatformError } from '@berth/core';
import type { DatabaseView, Nouns } from '@berth/store';

/** The team's row stays locked until commit: two requests cannot both take the last place. Throws `quota_exceeded`. */
export async function refuseOverQuota(tx: Nouns, teamId: string): Promise<void> {
  const quota = await tx.teams.lockQuota(teamId);
  if (quota === null) return;
  const count = await tx.databases.countOfTeam(teamId);
  if (count < quota) return;
  const name = (await tx.teams.find(teamId))?.name ?? teamId;
  throw new PlatformError(
    'quota_exceeded',
    `The team ${name} has ${count} of the ${quota} databases it may have. Delete one, or have an operator raise its quota.`,
  );
}

/** The same for a database that gave its place up when its delete was accepted, and is about to have it again. */
export async function refuseReturnOverQuota(tx: Nouns, database: DatabaseView): Promise<void> {
  if (database.delete_accepted_at !== null) await refuseOverQuota(tx, database.team_id);
}
