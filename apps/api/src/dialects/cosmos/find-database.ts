// One database of an account, which is a team: by the id that its user chose, or by its `_rid`.
import type { Access, StandingDatabase, Store } from '@berth/store';
import { findNamed, standingFor } from '../../http/standing';
import { numberOfResourceId } from './resource-id';

/** Null when there is none. An id of the form of a `_rid` is an id first. */
export async function findDatabase(store: Store, access: Access, id: string): Promise<StandingDatabase | null> {
  const filter = standingFor(access);
  const named = await findNamed(store, access, filter, id);
  const number = named === null ? numberOfResourceId(id) : null;
  return number === null ? named : store.standing.findDatabase(filter, number);
}
