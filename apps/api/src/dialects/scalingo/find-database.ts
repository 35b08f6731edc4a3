// Which databases there are for an access: its team's, inside its limits, in every environment that it reaches. What is in quarantine, or
// on its way out, is not there; what could not be made is, until it is cleaned up: clients wait for its status.
import type { Access, StandingDatabase, StandingFilter } from '@berth/store';
import { everyDatabase } from '../../http/every-database';
import type { ApiContext } from '../dialect';
import { databaseInAddonId, numberInObjectId, objectIdOf } from './ids';

/** Longer than any name that a product lets through. */
const NAME_LENGTH_MAX = 255;

/** Oldest first. */
export function listDatabases({ store }: ApiContext, access: Access): Promise<StandingDatabase[]> {
  return everyDatabase(store, standingFor(access));
}

/** By its id or its name; null when there is none. Of several of one name that of the access's own environment, else the oldest. */
export async function findDatabase(
  { store }: ApiContext,
  access: Access,
  idOrName: string,
): Promise<StandingDatabase | null> {
  const filter = standingFor(access);
  const number = numberInObjectId(idOrName);
  const byId = number === null ? null : await store.standing.findDatabase(filter, number);
  if (byId !== null && objectIdOf(byId) === idOrName) return byId;
  if (idOrName.length > NAME_LENGTH_MAX || idOrName.includes('\0')) return null; // the store takes no NUL
  const named = await everyDatabase(store, { ...filter, name: idOrName });
  return named.find((each) => each.environment_id === access.default_environment_id) ?? named[0] ?? null;
}

/** The one with this addon; null when there is none. */
export async function findByAddon(api: ApiContext, access: Access, addonId: string): Promise<StandingDatabase | null> {
  const id = databaseInAddonId(addonId);
  return id === null ? null : findByOwnId(api, access, id);
}

/** By our own id; null when there is none. */
export async function findByOwnId({ store }: ApiContext, access: Access, id: string): Promise<StandingDatabase | null> {
  const row = await store.databases.find(id);
  return row === null ? null : store.standing.findDatabase(standingFor(access), row.number);
}

function standingFor(access: Access): StandingFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    withQuarantined: false,
    withFailed: true,
  };
}
