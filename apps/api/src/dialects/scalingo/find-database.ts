// Which databases there are for an access: its team's, inside its limits, in every environment that it reaches. What is in quarantine, or
// on its way out, is not there; what could not be made is, until it is cleaned up: clients wait for its status.
import type { Access, StandingDatabase, StandingFilter } from '@berth/store';
import { everyDatabase } from '../../http/every-database';
import { findNamed, standingFor } from '../../http/standing';
import type { ApiContext } from '../dialect';
import { databaseInAddonId, numberInObjectId, objectIdOf } from './ids';

/** Oldest first. */
export function listDatabases({ store }: ApiContext, access: Access): Promise<StandingDatabase[]> {
  return everyDatabase(store, shownTo(access));
}

/** By its id or its name; null when there is none. Of several of one name that of the access's own environment, else the oldest. */
export async function findDatabase(
  { store }: ApiContext,
  access: Access,
  idOrName: string,
): Promise<StandingDatabase | null> {
  const filter = shownTo(access);
  const number = numberInObjectId(idOrName);
  const byId = number === null ? null : await store.standing.findDatabase(filter, number);
  if (byId !== null && objectIdOf(byId) === idOrName) return byId;
  return findNamed(store, access, filter, idOrName);
}

/** The one with this addon; null when there is none. */
export async function findByAddon(api: ApiContext, access: Access, addonId: string): Promise<StandingDatabase | null> {
  const id = databaseInAddonId(addonId);
  return id === null ? null : findByOwnId(api, access, id);
}

/** By our own id; null when there is none. */
export async function findByOwnId({ store }: ApiContext, access: Access, id: string): Promise<StandingDatabase | null> {
  const row = await store.databases.find(id);
  return row === null ? null : store.standing.findDatabase(shownTo(access), row.number);
}

function shownTo(access: Access): StandingFilter {
  return { ...standingFor(access), withFailed: true };
}
