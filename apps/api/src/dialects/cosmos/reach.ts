// Which databases an account has: those of the access's team, inside its limits, that its client was not told are gone.
import type { Access, StandingDatabase, StandingFilter, Store } from '@berth/store';
import { everyDatabase } from '../../http/every-database';
import { numberOfResourceId } from './resource-id';

export function standingFor(access: Access): StandingFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    withQuarantined: false,
  };
}

/**
 * By the id that its user chose; null when there is none. An account has each id once, Berth each name once in an environment:
 * of several it is the one where this access makes databases, else the oldest.
 */
export async function findByName(store: Store, access: Access, name: string): Promise<StandingDatabase | null> {
  if (!canBeName(name)) return null;
  const same = await everyDatabase(store, { ...standingFor(access), name });
  return same.find((each) => each.environment_id === access.default_environment_id) ?? same[0] ?? null;
}

/** By the id that its user chose, else by its `_rid`; null when there is none. */
export async function findDatabase(store: Store, access: Access, id: string): Promise<StandingDatabase | null> {
  const named = await findByName(store, access, id);
  const number = named === null ? numberOfResourceId(id) : null;
  return number === null ? named : store.standing.findDatabase(standingFor(access), number);
}

/** Whether an id may be a new database's: no characters that end a path or a link, or that nobody sees. */
export function canBeName(id: string): boolean {
  return id !== '' && id.length <= ID_LENGTH_MAX && !id.endsWith(' ') && !/[/\\?#\p{Cc}\p{Cs}]/u.test(id);
}

/** learn.microsoft.com/rest/api/cosmos-db/create-a-database */
export const ID_LENGTH_MAX = 255;
