// database_quarantine: nobody can enter any more, the data stay. Done only when every open session was seen gone, twice,
// and the passwords that worked were tried and refused; what was seen is kept as the evidence of its steps.
import { quarantineDaysOf } from '@berth/core';
import type { FailedWork, Kind } from '../kind';
import { describeDatabase } from './change';
import { getRemovable, refuseProtected } from './removable';
import {
  demandUnchanged,
  endSessions,
  forgetPasswords,
  giveBack,
  listGuests,
  openDatabase,
  proveShut,
  revoke,
} from './shut-out';
import { isOwedShut, QUARANTINE_STEPS, resumeShut } from './stay-shut';
import { contradicts, engineOf, getDatabase } from './subjects';

export interface DatabaseQuarantineInput {
  databaseId: string;
  /** Its client is told that it is deleted: its name is free at once, and only operators see it once it is shut. */
  isHidden: boolean;
}

/**
 * Cancels what is queued and runs next. Safe to repeat: joins the quarantine that is queued or running. Throws
 * `protected`, `not_found`; `contradicts` while the database is being deleted.
 */
export const databaseQuarantine: Kind<DatabaseQuarantineInput> = {
  name: 'database_quarantine',

  async plan({ tx, requester, cancelQueued }, { databaseId, isHidden }) {
    await tx.databases.lock(databaseId);
    const database = await getRemovable(tx, requester, databaseId);
    const open = await tx.actions.findOpenOfDatabase(databaseId, ['database_delete', 'database_quarantine']);
    if (open?.kind === 'database_delete') throw contradicts(open.id, `The database ${databaseId} is being deleted.`);
    if (isHidden) {
      await tx.databases.acceptDelete(databaseId);
      await tx.databases.hide(databaseId);
    }
    if (open !== null) return { joins: open };
    await cancelQueued(databaseId);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId,
      credentialId: null,
      serverId: database.server_id,
      stepNames: QUARANTINE_STEPS,
      change: {
        before: describeDatabase(database),
        after: { ...describeDatabase(database), state: 'quarantined', hidden: isHidden || database.hidden },
      },
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const row = await getDatabase(store, action.database_id);
    const guests = await listGuests(store, keyRing, row);
    // Locked first: a session that is still open could change its password after us.
    await step('shut_out', () => revoke(session, guests));
    await step('end_sessions', () => endSessions(session, guests));
    await step('forget_passwords', () => forgetPasswords(session, guests));
    await step('check_refused', () => proveShut(session, guests));
    return async (tx) => {
      await demandUnchanged(tx, keyRing, row, guests);
      const days = Math.max(1, quarantineDaysOf(row)); // policy may have become 0 since it was accepted: kept all the same
      await tx.databases.becomeQuarantined(row.id, days);
    };
  },

  async revive(tx, action) {
    refuseProtected(await getDatabase(tx, action.database_id));
  },

  async isOwed(nouns, action) {
    return isOwedShut(await getDatabase(nouns, action.database_id));
  },

  async fail(work) {
    await letInAgain(work); // it is as available as before; asking again tries again
    return async (tx) => {
      await tx.databases.lock(work.action.database_id ?? '');
      await resumeShut(tx, await getDatabase(tx, work.action.database_id)); // a delete that keeps it unseen may have joined
    };
  },
};

/** What is called available is to be so: after a quarantine that failed its logins work again, if the server can be told. */
async function letInAgain({ action, keyRing, log, session, store }: FailedWork): Promise<void> {
  const row = await getDatabase(store, action.database_id);
  if (row.state !== 'available' || row.hidden) return; // it was told to be shut, or deleted: nobody is to be let in
  if (session === null) return log.warn({ actionId: action.id }, NOT_LET_IN);
  try {
    await openDatabase(session, row);
    await giveBack(session, await listGuests(store, keyRing, row));
  } catch (error) {
    log.warn({ actionId: action.id, error }, NOT_LET_IN);
  }
}

const NOT_LET_IN =
  'The logins of a database could not be let in again after a failed quarantine; another one may succeed';
