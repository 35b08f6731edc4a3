// What a DELETE means: policy decides, not the dialect. Quarantined first and dropped when asked again; dropped at once;
// or, where a product promises that it is gone, dropped or kept unseen, as BERTH_HIDDEN_QUARANTINE says.
import { quarantineDaysOf } from '@berth/core';
import type { Action, DatabaseView, Nouns } from '@berth/store';
import type { Joins, Planned, Requestable } from '../kind';
import { databaseDelete } from './database-delete';
import { databaseQuarantine } from './database-quarantine';
import { getRemovable } from './removable';
import { closedReason } from './subjects';

export interface DatabaseRemoveInput {
  databaseId: string;
  /**
   * `keepSeenIn`: the state in which its caller saw it. What was not quarantined is quarantined; what was seen in quarantine is
   * dropped, and nothing that came there meanwhile. `drop`: now, data and all. `goneIn`: gone for good, by what this dialect
   * promises its clients.
   */
  wish: { keepSeenIn: string } | 'drop' | { goneIn: string };
}

/**
 * Becomes a `database_quarantine` or a `database_delete`. With `keepSeenIn` safe to repeat: while the database is being
 * quarantined a second request joins the first, so that a retry never turns into a drop. Throws `protected`, `not_found`;
 * `contradicts` while it is being deleted.
 */
export const databaseRemove: Requestable<DatabaseRemoveInput> = {
  name: 'database_delete',

  async plan(planning, { databaseId, wish }) {
    const { tx, requester, hiddenQuarantine } = planning;
    await tx.databases.lock(databaseId);
    const database = await getRemovable(tx, requester, databaseId);
    if (wish === 'drop') return drop();
    if ('keepSeenIn' in wish) {
      const isKeptMeanwhile = database.state === 'quarantined' && wish.keepSeenIn !== 'quarantined';
      const done = isKeptMeanwhile ? await findQuarantine(tx, databaseId) : null;
      if (done !== null) return { joins: done };
      return isKeptMeanwhile || (await decide(tx, database)) === 'keep' ? keep(false) : drop();
    }
    const reason = database.hidden ? await closedReason(tx, database) : null; // as a second delete is refused elsewhere
    if (reason !== null) throw reason;
    const isKept = hiddenQuarantine.includes(wish.goneIn) && hasDataToKeep(database) && quarantineDaysOf(database) > 0;
    return isKept ? keep(true) : drop();

    async function keep(isHidden: boolean): Promise<Planned | Joins> {
      const planned = await databaseQuarantine.plan(planning, { databaseId, isHidden });
      return 'joins' in planned ? planned : { ...planned, kind: 'database_quarantine' };
    }
    function drop(): Promise<Planned | Joins> {
      return databaseDelete.plan(planning, { databaseId });
    }
  },
};

/** A delete that failed is tried again as what it was; so is a quarantine, which left the database available. */
async function decide(tx: Nouns, database: DatabaseView): Promise<'keep' | 'drop'> {
  if (!hasDataToKeep(database)) return 'drop';
  const open = await tx.actions.findOpenOfDatabase(database.id, ['database_delete', 'database_quarantine']);
  if (open !== null) return open.kind === 'database_quarantine' ? 'keep' : 'drop';
  if (database.state === 'quarantined') {
    // somebody brings it back right now: they must not lose their data to somebody who only wants it away again
    return (await tx.actions.findOpenOfDatabase(database.id, ['database_restore'])) === null ? 'drop' : 'keep';
  }
  const last =
    database.delete_accepted_at === null
      ? null
      : await tx.actions.findLastOfDatabase(database.id, ['database_delete', 'database_quarantine']);
  return last?.kind === 'database_delete' || quarantineDaysOf(database) === 0 ? 'drop' : 'keep';
}

/** The one that shut a database; null while somebody brings it back. */
async function findQuarantine(tx: Nouns, databaseId: string): Promise<Action | null> {
  const last = await tx.actions.findLastOfDatabase(databaseId, ['database_quarantine', 'database_restore']);
  return last?.kind === 'database_quarantine' ? last : null;
}

/** What was never made holds nothing. */
function hasDataToKeep({ state }: DatabaseView): boolean {
  return state === 'available' || state === 'quarantined';
}
