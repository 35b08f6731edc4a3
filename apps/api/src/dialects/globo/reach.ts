// What an access sees: its team's, inside its limits. What is in quarantine, or on its way there, is seen by those alone who
// may bring it back; for all others it is not there.
import type { Access, StandingFilter } from '@berth/store';

export function standingFor(access: Access): StandingFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    withQuarantined: access.sees_quarantine,
  };
}
