// database_delete: the database, its grants, and the logins left without any. What is already gone counts as done.
import { type DatabaseState, PlatformError } from '@berth/core';
import type { LoginRef } from '@berth/engines/contract';
import type { CredentialView, Store } from '@berth/store';
import type { Kind } from '../kind';
import { describeDatabase } from './change';
import { databaseRef, engineOf, getDatabase, getOwnDatabase, loginRef } from './subjects';

export interface DatabaseDeleteInput {
  databaseId: string;
  /** Delete it only if it is in this state when it is its turn to be asked: a duty's list may be old by then. */
  onlyIn?: DatabaseState;
}

/**
 * Always accepted for a living database: cancels what is queued, asks a running create to stop, and runs next. Throws
 * `protected`; `contradicts` when a delete was accepted before and is still under way, or it is not in the state `onlyIn`.
 */
export const databaseDelete: Kind<DatabaseDeleteInput> = {
  name: 'database_delete',

  async plan({ tx, requester }, { databaseId, onlyIn }) {
    await tx.databases.lock(databaseId);
    const database =
      requester === null ? await getDatabase(tx, databaseId) : await getOwnDatabase(tx, requester, databaseId);
    if (onlyIn !== undefined && (database.state !== onlyIn || database.delete_accepted_at !== null)) {
      throw new PlatformError('contradicts', `The database ${databaseId} is not ${onlyIn} any more.`);
    }
    if (database.protected) {
      throw new PlatformError('protected', `The database ${databaseId} is protected from deleting.`);
    }
    await tx.databases.acceptDelete(databaseId);
    for (const id of await tx.actions.listQueued(databaseId)) await tx.actions.cancel(id);
    await tx.actions.requestCancelOfCreate(databaseId);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId,
      credentialId: null,
      serverId: database.server_id,
      stepNames: ['shut_out', 'end_sessions', 'drop_database', 'drop_logins', 'check_gone'],
      change: { before: describeDatabase(database), after: null },
    };
  },

  async perform({ action, session, step, store }) {
    const row = await getDatabase(store, action.database_id);
    const database = databaseRef(row);
    const dying = await listLoginsOfNoOther(store, row.id);
    const logins = dying.map(loginRef);
    await step('shut_out', () => session.removeAccess({ database, logins }));
    await step('end_sessions', () => session.endSessions({ database, logins }));
    await step('drop_database', () => session.removeDatabase(database));
    await step('drop_logins', async () => {
      for (const login of logins) await session.removeLogin(login);
      return { dropped: logins.map((login) => login.name) };
    });
    await step('check_gone', async () => {
      const left: string[] = [];
      if ((await session.observeDatabase(database)) === 'ours') left.push(database.name);
      for (const login of logins) if (await isOurs(login)) left.push(login.name);
      if (left.length > 0) throw new PlatformError('engine_refused', `Still there after the drop: ${left.join(', ')}.`);
      return { left };
    });
    return async (tx) => {
      await tx.databases.becomeDeleted(row.id);
      for (const credential of dying) await tx.credentials.becomeDeleted(credential.id);
    };

    async function isOurs(login: LoginRef): Promise<boolean> {
      return (await session.observeLogin(login)) === 'ours';
    }
  },

  async withdraw(tx, action) {
    await tx.databases.withdrawDelete(await getDatabase(tx, action.database_id));
  },

  fail: async () => async () => {}, // the database stays as it is, its delete accepted; asking again tries again
};

/** Living credentials of a database that have no grant on another living one. */
async function listLoginsOfNoOther(store: Store, databaseId: string): Promise<CredentialView[]> {
  const credentials = await store.credentials.listOfDatabase(databaseId);
  return credentials.filter((credential) => credential.grants.every((grant) => grant.database_id === databaseId));
}
