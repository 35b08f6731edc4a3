// database_delete: the database, its grants, and the logins left without any. What is already gone counts as done.
import { type DatabaseState, PlatformError } from '@berth/core';
import type { LoginRef } from '@berth/engines/contract';
import { makePassword } from '@berth/secrets';
import type { CredentialView, DatabaseView, Nouns } from '@berth/store';
import type { Kind } from '../kind';
import { describeDatabase } from './change';
import { refuseReturnOverQuota } from './quota';
import { getRemovable, refuseProtected } from './removable';
import { resumeShut, settleLogin } from './stay-shut';
import { contradicts, databaseRef, engineOf, getDatabase, loginRef } from './subjects';

export interface DatabaseDeleteInput {
  databaseId: string;
  /** Delete it only if it is in this state when it is its turn to be asked: a duty's list may be old by then. */
  onlyIn?: DatabaseState;
  /** Only if at this time its days in quarantine are over, and nobody brings it back. */
  dueAt?: Date;
}

/**
 * Always accepted for a living database: cancels what is queued, asks a running create to stop, and runs next. Throws
 * `protected`; `contradicts` when a delete was accepted before and is still under way, or when it is not in the state
 * `onlyIn`, or not due by `dueAt`.
 */
export const databaseDelete: Kind<DatabaseDeleteInput> = {
  name: 'database_delete',

  async plan({ tx, requester, cancelQueued }, { databaseId, onlyIn, dueAt }) {
    await tx.databases.lock(databaseId);
    const database = await getRemovable(tx, requester, databaseId);
    const open = await tx.actions.findOpenOfDatabase(databaseId, ['database_delete']);
    if (open !== null) throw contradicts(open.id, `The database ${databaseId} is being deleted.`);
    if (onlyIn !== undefined && (database.state !== onlyIn || database.delete_accepted_at !== null)) {
      throw new PlatformError('contradicts', `The database ${databaseId} is not ${onlyIn} any more.`);
    }
    if (dueAt !== undefined) await demandDue(tx, database, dueAt);
    await tx.databases.acceptDelete(databaseId);
    await cancelQueued(databaseId);
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
    const { dying, staying } = await sortLogins(store, row.id);
    const logins = dying.map(loginRef);
    // What is left to them is in quarantine: they wait there locked, under a password that nobody keeps.
    const waiting = staying.filter((each) => isLeftToQuarantine(each, row.id)).map(loginRef);
    await step('shut_out', async () => {
      const evidence = await session.removeAccess({ database, logins: [...logins, ...waiting] });
      for (const login of waiting) if (await isOurs(login)) await session.ensurePassword(login, makePassword());
      return evidence;
    });
    await step('end_sessions', () => session.endSessions({ database, logins: [...logins, ...waiting] }));
    let remains: string[] = [];
    await step('drop_database', async () => {
      const evidence = await session.removeDatabase(database);
      remains = evidence.left;
      return evidence;
    });
    await step('drop_logins', async () => {
      for (const login of logins) await session.removeLogin(login);
      for (const { id, engine_username: name } of staying) {
        const connectionsMax = await store.grants.sumConnections(id, { plans: 'pending', without: row.id });
        if (await isOurs({ id, name })) await session.ensureLoginLimit({ id, name }, connectionsMax);
      }
      return { dropped: logins.map((login) => login.name), kept: staying.map((each) => each.engine_username) };
    });
    await step('check_gone', async () => {
      const left = [...remains];
      if ((await session.observeDatabase(database)) === 'ours') left.push(database.name);
      for (const login of logins) if (await isOurs(login)) left.push(login.name);
      if (left.length > 0) throw new PlatformError('engine_refused', `Still there after the drop: ${left.join(', ')}.`);
      return { left };
    });
    return async (tx) => {
      await tx.credentials.lockOfDatabase(row.id);
      refuseOther(await sortLogins(tx, row.id), dying);
      await tx.databases.becomeDeleted(row.id);
      for (const credential of dying) await tx.credentials.becomeDeleted(credential.id);
      for (const { id, grants } of staying) {
        for (const grant of grants) if (grant.database_id === row.id) await tx.grants.revoke(grant.id);
        if (!waiting.some((each) => each.id === id)) await settleLogin(tx, { ...action, credential_id: id });
      }
    };

    async function isOurs(login: LoginRef): Promise<boolean> {
      return (await session.observeLogin(login)) === 'ours';
    }
  },

  /** Once the data are gone there is no way back: what is left is dropped however long it takes. */
  async isOwed(nouns, action) {
    const steps = (await nouns.actions.find(action.id))?.steps ?? [];
    return steps.some(({ name, state }) => name === 'drop_database' && state === 'succeeded');
  },

  async revive(tx, action) {
    refuseProtected(await getDatabase(tx, action.database_id));
  },

  async withdraw(tx, action) {
    const database = await getDatabase(tx, action.database_id);
    if (!database.hidden) {
      await refuseReturnOverQuota(tx, database);
      await tx.databases.withdrawDelete(database); // else its client was told that it is deleted
    }
    await resumeShut(tx, database);
  },

  /** The database stays as it is, its delete accepted; asking again tries again. */
  async fail({ action, store }) {
    const database = await getDatabase(store, action.database_id);
    return (tx) => resumeShut(tx, database);
  },
};

async function demandDue(tx: Nouns, database: DatabaseView, dueAt: Date): Promise<void> {
  const { id, purge_after } = database;
  const restore = await tx.actions.findOpenOfDatabase(id, ['database_restore']);
  if (restore !== null) throw contradicts(restore.id, `The database ${id} is being restored.`);
  if (database.state === 'quarantined' && purge_after !== null && purge_after <= dueAt) return;
  throw new PlatformError('contradicts', `The days of the database ${id} in quarantine are not over.`);
}

/** Living credentials of a database: those that have no grant on another one, and the others. */
async function sortLogins(nouns: Nouns, databaseId: string) {
  const credentials = await nouns.credentials.listOfDatabase(databaseId);
  const isDying = ({ grants }: CredentialView) => grants.every((grant) => grant.database_id === databaseId);
  return { dying: credentials.filter(isDying), staying: credentials.filter((each) => !isDying(each)) };
}

function isLeftToQuarantine({ grants }: CredentialView, databaseId: string): boolean {
  return grants.every(({ database_id, database }) => database_id === databaseId || database.state === 'quarantined');
}

/** A login may have got or lost its other database meanwhile: then all is looked at once more. */
function refuseOther({ dying }: { dying: CredentialView[] }, dropped: CredentialView[]): void {
  const isSame = dying.length === dropped.length && dying.every(({ id }) => dropped.some((each) => each.id === id));
  if (isSame) return;
  throw new PlatformError('server_busy', 'The logins of the database were given or taken other databases meanwhile.');
}
