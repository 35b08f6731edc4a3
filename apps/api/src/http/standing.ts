// Which databases there are for an access, for products whose clients see none in quarantine and that know each name once.
import { PlatformError } from '@berth/core';
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

/**
 * A delete by a name alone is of the database in the access's default environment, or of the only one: a client that repeats it must
 * not come to the one of another environment. `asked` is what it was addressed by. Throws `contradicts`.
 */
export async function refuseOtherPlace(
  store: Store,
  access: Access,
  { environment_id, name }: StandingDatabase,
  asked: string,
): Promise<void> {
  if (asked !== name) return; // by its id
  const place = access.default_environment_id;
  const same = place === null ? await everyDatabase(store, { ...standingFor(access), withFailed: true, name }) : [];
  if (place === null ? same.length === 1 : environment_id === place) return;
  const message = 'This name is of a database in another environment than the default one. Delete that one by its id.';
  throw new PlatformError('contradicts', message);
}
