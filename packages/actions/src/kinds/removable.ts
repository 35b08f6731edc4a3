// Who may take a database away, bring it back, or keep it longer. An operator may for what its client does not see.
import type { DatabaseView, Nouns } from '@berth/store';
import type { Requester } from '../kind';
import {
  contradicts,
  getDatabase,
  isHidden,
  isOperator,
  isProtected,
  mayReach,
  noDatabase,
  wasDeleted,
} from './subjects';

/** A living database that may be taken away: its row is to be locked. Throws `not_found`, `protected`. */
export async function getRemovable(tx: Nouns, requester: Requester, id: string): Promise<DatabaseView> {
  const database = requester === null ? await getDatabase(tx, id) : await tx.databases.find(id);
  if (database === null) throw noDatabase(id);
  const mayOperate = requester === null || (isHidden(database) && isOperator(requester));
  if (!mayOperate && !mayReach(requester, database)) throw noDatabase(id);
  if (database.state === 'deleted') throw wasDeleted(id);
  // its data are somebody's, whatever comes of it: a delete now would not know what it drops
  const adopting = await tx.actions.findOpenOfDatabase(id, ['database_adopt']);
  if (adopting !== null) throw contradicts(adopting.id, `The database ${id} is being adopted.`);
  refuseProtected(database);
  return database;
}

/** Throws `protected`. */
export function refuseProtected({ id, protected: isKept }: DatabaseView): void {
  if (isKept) throw isProtected(id);
}

/** A living database that may be brought back or kept longer: by its team, and by any operator while it is quarantined. */
export async function getRestorable(tx: Nouns, requester: Requester, id: string): Promise<DatabaseView> {
  const database = await tx.databases.find(id);
  if (database === null) throw noDatabase(id);
  const mayOperate = requester === null || (database.state === 'quarantined' && isOperator(requester));
  if (!mayOperate && !mayReach(requester, database)) throw noDatabase(id);
  if (database.state === 'deleted') throw wasDeleted(id);
  return database;
}
