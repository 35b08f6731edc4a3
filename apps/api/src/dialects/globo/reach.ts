// What an access sees: its team's, inside its limits. What is in quarantine, or on its way there, is seen by those alone who
// may bring it back; for all others it is not there.
import type { Access, StandingFilter } from '@berth/store';
import { standingFor as standingForAll } from '../../http/standing';

export function standingFor(access: Access): StandingFilter {
  return { ...standingForAll(access), withQuarantined: access.sees_quarantine };
}
