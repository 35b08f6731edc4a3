// credential_reset: a new password, in all its databases; sessions of the old one ended. Grants stay. The pending password
// is stored before the server hears of it and becomes the working one in the commit that ends the action, so that none is
// ever lost.
import { PlatformError } from '@berth/core';
import { type KeyRing, makePassword } from '@berth/secrets';
import type { Store } from '@berth/store';
import { type FailedWork, type Kind, openSecret, sealSecret } from '../kind';
import { describeCredential } from './change';
import { withoutName } from './shut-out';
import { settleLogin } from './stay-shut';
import { engineOf, getCredential, loginRef, requiredAccess } from './subjects';
import { findMeant } from './unheard';
import { getDatabaseOf, getWholeCredential, listOpenGrants } from './whole-credential';

export interface CredentialResetInput {
  credentialId: string;
  /** The one of its databases that the action is told of; default the oldest. */
  databaseId?: string;
  /** One that is queued or running will do, or the caller's last one whose password it was not shown: it did not hear the answer. */
  joins?: true | undefined;
}

/** Each request is one more new password, unless it joins. Throws `contradicts` while the credential is not active or being deleted; `in_use`. */
export const credentialReset: Kind<CredentialResetInput> = {
  name: 'credential_reset',

  async plan({ tx, requester }, { credentialId, databaseId, joins }) {
    await tx.credentials.lock(credentialId);
    const access = requiredAccess(requester);
    const credential = await getWholeCredential(tx, access, credentialId);
    const database = await getDatabaseOf(tx, credential, databaseId);
    const meant = joins === true ? await findMeant(tx, access, credentialId, 'credential_reset') : null;
    if (meant !== null) return { joins: meant };
    if (credential.state === 'failed') {
      throw new PlatformError(
        'contradicts',
        `The credential ${credentialId} was never made; delete it and ask for another.`,
      );
    }
    return {
      engine: engineOf(database),
      teamId: credential.team_id,
      databaseId: database.id,
      credentialId,
      serverId: credential.server_id,
      stepNames: ['shut_out', 'end_sessions', 'set_password', 'let_in', 'check_login'],
      change: { before: describeCredential(credential), after: describeCredential(credential) },
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const id = (await getCredential(store, action.credential_id)).id;
    if ((await listOpenGrants(store, id)).length === 0) {
      throw new PlatformError('contradicts', 'The databases of the login are all in quarantine. Restore one first.');
    }
    await store.actions.renew(action); // only who holds the action may propose a password
    await dropLost(store, keyRing, id);
    await store.credentials.proposeSecret(id, sealSecret(keyRing, id, makePassword()));
    const credential = await getCredential(store, id);
    if (credential.pending_secret_sealed === null) {
      throw new PlatformError('contradicts', 'The credential is not active, so its password cannot be reset.');
    }
    const login = loginRef(credential);
    const password = openSecret(keyRing, id, credential.pending_secret_sealed);
    const oldSealed = credential.secret_sealed ?? '';
    const oldPassword = keyRing.isLost(oldSealed) ? null : openSecret(keyRing, id, oldSealed);
    // Locked first: a session that is still open could change the password after us.
    await step('shut_out', () => session.removeAccess({ logins: [login] }));
    await step('end_sessions', () => session.endSessions({ logins: [login] }));
    // And again before it is let in: a handshake begun with the old password would still be accepted.
    await step('set_password', async () => {
      const set = await session.ensurePassword(login, password);
      return { ...set, ...(await session.endSessions({ logins: [login] })) };
    });
    await step('let_in', () => session.ensureLogin(login, password));
    await step('check_login', async () => {
      const databases: string[] = [];
      const lacking: string[] = [];
      const refused: string[] = [];
      for (const { database, role } of await listOpenGrants(store, id)) {
        const { lacks } = await session.proveEntry(database, login, password, role);
        databases.push(database.id); // who reads this may not be meant to know its name
        if (lacks !== null) lacking.push(`${database.id}: ${withoutName(lacks, database)}`);
        if (oldPassword === null) continue;
        const { reason } = await session.proveRefused(database, login, oldPassword);
        refused.push(`${database.id}: ${reason}`);
      }
      // one whose key is lost cannot be tried
      return { databases, lacking, old_password_tried: oldPassword !== null, old_password_refused: refused };
    });
    return async (tx) => {
      await tx.credentials.adoptPendingSecret(id);
      await settleLogin(tx, action);
    };
  },

  async fail(work) {
    const isOldOneBack = await putOldPasswordBack(work);
    const id = work.action.credential_id ?? '';
    return async (tx) => {
      if (isOldOneBack) await tx.credentials.dropPendingSecret(id);
      await settleLogin(tx, work.action);
    };
  },
};

/** A pending password that nobody can open any more would be in the way of every reset. */
async function dropLost(store: Store, keyRing: KeyRing, id: string): Promise<void> {
  const { pending_secret_sealed: kept } = await getCredential(store, id);
  if (kept !== null && keyRing.isLost(kept)) await store.credentials.dropPendingSecret(id);
}

/**
 * After a reset that failed the old password is to work again, and the login to be open. False when the server could not
 * be told so: then both passwords are kept, the old one is shown, and the next reset sets the same pending one.
 */
async function putOldPasswordBack({ action, keyRing, log, session, store }: FailedWork): Promise<boolean> {
  const credential = await getCredential(store, action.credential_id);
  if (session === null || credential.secret_sealed === null) return false;
  if ((await listOpenGrants(store, credential.id)).length === 0) return false; // it waits in quarantine
  const login = loginRef(credential);
  try {
    if ((await session.observeLogin(login)) !== 'ours') return true; // there is no login that could know either
    await session.ensureLogin(login, openSecret(keyRing, credential.id, credential.secret_sealed));
    return true;
  } catch (error) {
    log.warn({ actionId: action.id, error }, 'The old password could not be put back after a failed reset');
    return false;
  }
}
