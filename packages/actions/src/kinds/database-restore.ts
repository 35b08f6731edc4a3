// database_restore: out of quarantine, with the same data, the same logins and the same passwords. A restore that fails
// leaves the database quarantined and shut.
import { PlatformError } from '@berth/core';
import type { Action, DatabaseView, Nouns } from '@berth/store';
import type { FailedWork, Kind } from '../kind';
import { describeDatabase } from './change';
import { refuseReturnOverQuota } from './quota';
import { getRestorable } from './removable';
import {
  demandUnchanged,
  endSessions,
  forgetPasswords,
  giveBack,
  listGuests,
  openDatabase,
  proveOpen,
  proveShut,
  revoke,
} from './shut-out';
import { requestShut, resumeShut } from './stay-shut';
import { contradicts, engineOf, getDatabase } from './subjects';

export interface DatabaseRestoreInput {
  databaseId: string;
}

/**
 * Safe to repeat: joins the restore that is queued or running. Throws `contradicts` for what is not quarantined, or is
 * being quarantined or deleted; `name_taken` and `quota_exceeded` when a hidden one's name or place was given to another
 * meanwhile.
 */
export const databaseRestore: Kind<DatabaseRestoreInput> = {
  name: 'database_restore',

  async plan({ tx, requester }, { databaseId }) {
    await tx.databases.lock(databaseId);
    const database = await getRestorable(tx, requester, databaseId);
    const open = await tx.actions.findOpenOfDatabase(databaseId, [
      'database_delete',
      'database_quarantine',
      'database_restore',
    ]);
    if (open?.kind === 'database_restore') return { joins: open };
    if (open !== null && !(await takesPlaceOf(tx, open, database))) {
      const isKept = open.kind === 'database_quarantine';
      const advice = isKept ? 'is being quarantined; restore it when that has ended.' : 'is being deleted.';
      throw contradicts(open.id, `The database ${databaseId} ${advice}`);
    }
    if (database.state !== 'quarantined') {
      throw new PlatformError('contradicts', `The database ${databaseId} is ${database.state}, not quarantined.`);
    }
    await reclaim(tx, database);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId,
      credentialId: null,
      serverId: database.server_id,
      stepNames: ['open_database', 'give_back', 'check_logins', 'check_isolation'],
      change: { before: describeDatabase(database), after: { ...describeDatabase(database), state: 'available' } },
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const row = await getDatabase(store, action.database_id);
    const guests = await listGuests(store, keyRing, row);
    await step('open_database', () => openDatabase(session, row));
    await step('give_back', () => giveBack(session, guests));
    await step('check_logins', () => proveOpen(session, guests));
    await step('check_isolation', async () => {
      for (const { login, password } of guests.all) await session.proveIsolation(login, password);
      return { isolated: guests.all.map(({ login }) => login.name) };
    });
    return async (tx) => {
      await demandUnchanged(tx, keyRing, row, guests);
      await tx.databases.becomeRestored(row.id);
    };
  },

  async withdraw(tx, action) {
    const database = await getDatabase(tx, action.database_id);
    await tx.databases.yieldName(database.id);
    await resumeShut(tx, database);
  },

  async revive(tx, action) {
    await reclaim(tx, await getDatabase(tx, action.database_id));
  },

  async fail(work) {
    const { action } = work;
    const row = await getDatabase(work.store, action.database_id);
    const isShut = await shutAgain(work);
    return async (tx) => {
      await tx.databases.yieldName(row.id);
      if (!isShut) await requestShut(tx, row); // what may be half open is shut as soon as its server can be told so
    };
  },
};

/** A hidden one takes its place among its team's databases and its name again. */
async function reclaim(tx: Nouns, database: DatabaseView): Promise<void> {
  await refuseReturnOverQuota(tx, database);
  await tx.databases.reclaimName(database);
}

/** A quarantine that follows a failed restore, and that nobody works on, gives way: it is asked for again if need be. */
async function takesPlaceOf(tx: Nouns, open: Action, { state }: DatabaseView): Promise<boolean> {
  const isFollowing = open.kind === 'database_quarantine' && state === 'quarantined';
  return isFollowing && (await tx.actions.cancel(open.id)) !== null;
}

/** Whether everybody is seen to be out again. */
async function shutAgain({ action, keyRing, log, session, store }: FailedWork): Promise<boolean> {
  if (session === null) return false;
  try {
    const guests = await listGuests(store, keyRing, await getDatabase(store, action.database_id));
    await revoke(session, guests);
    await endSessions(session, guests);
    await forgetPasswords(session, guests);
    await proveShut(session, guests);
    return true;
  } catch (error) {
    log.warn(
      { actionId: action.id, error },
      'The database could not be shut again after a failed restore; a quarantine follows',
    );
    return false;
  }
}
