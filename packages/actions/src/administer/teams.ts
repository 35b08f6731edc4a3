// Teams: made, changed and deleted by operators.
import type { Team, TeamFields } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { audited, existing, refuseUses } from './audited';
import { showTeam } from './show';

/** Throws `name_taken`. */
export async function createTeam(context: Context, caller: Caller, fields: TeamFields): Promise<Team> {
  const { team } = await audited(context, caller, 'team_create', async (tx) => {
    const team = await tx.teams.insert(fields);
    return { team, teamId: team.id, subjectId: team.id, before: null, after: showTeam(team) };
  });
  return team;
}

/** Throws `not_found`, `name_taken`. */
export async function updateTeam(
  context: Context,
  caller: Caller,
  id: string,
  change: Partial<TeamFields>,
): Promise<Team> {
  const { team } = await audited(context, caller, 'team_update', async (tx) => {
    await tx.teams.lock(id);
    const before = existing('team', id, await tx.teams.find(id));
    const team = await tx.teams.update(id, change);
    return { team, teamId: id, subjectId: id, before: showTeam(before), after: showTeam(team) };
  });
  return team;
}

/** With its projects. Throws `not_found`; `in_use` while it has databases or accesses that open something. */
export async function deleteTeam(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'team_delete', async (tx) => {
    await tx.teams.lock(id);
    const team = existing('team', id, await tx.teams.find(id));
    refuseUses(`team ${team.name}`, await tx.teams.listUses(id), 'Delete the databases and revoke the accesses first.');
    await tx.teams.retireBelongings(id);
    await tx.teams.retire(id);
    return { teamId: id, subjectId: id, before: showTeam(team), after: null };
  });
}
