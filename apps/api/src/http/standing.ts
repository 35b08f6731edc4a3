// Which databases there are for an access, for products whose clients see none in quarantine and that know each name once.
import type { Access, StandingDatabase, StandingFilter, Store } from '@berth/store';
import { everyDatabase } from './every-database';

/** Its team's, inside its limits. What is in quarantine, on its way out, or could not be made is not there. */
export function standingFor(access: Access): StandingFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    withQuarantined: false,
  };
}

/** Longer than any name that a product lets through. */
const NAME_LENGTH_MAX = 255;

/**
 * By its name, of those that stand for this filter; null when there is none. Berth has each name once in an environment: of several
 * it is the one in the access's default environment, else the oldest.
 */
export async function findNamed(
  store: Store,
  access: Access,
  filter: StandingFilter,
  name: string,
): Promise<StandingDatabase | null> {
  if (name.length > NAME_LENGTH_MAX || /[\0\p{Cs}]/u.test(name)) return null; // the store takes neither NUL nor half a character
  const same = await everyDatabase(store, { ...filter, name });
  return same.find((each) => each.environment_id === access.default_environment_id) ?? same[0] ?? null;
}
