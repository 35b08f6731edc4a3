// What a session sees: the databases of its login's team, inside the login's limits. What is in quarantine, on its way out, or
// could not be made is not there.
import type { Access, StandingFilter } from '@berth/store';

export function standingFor(access: Access): StandingFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    withQuarantined: false,
  };
}
