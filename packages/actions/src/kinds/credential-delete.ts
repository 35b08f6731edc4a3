// credential_delete: the login is shut out, its sessions ended, what it owns kept by its database. Already gone is done.
import { type CredentialState, PlatformError } from '@berth/core';
import type { Kind } from '../kind';
import { describeCredential } from './change';
import { engineOf, getCredential, loginRef } from './subjects';
import { getDatabaseOf, getWholeCredential } from './whole-credential';

export interface CredentialDeleteInput {
  credentialId: string;
  /** The one of its databases that the action is told of; default the oldest. */
  databaseId?: string;
  /** Delete it only if it is in this state when it is its turn to be asked: a duty's list may be old by then. */
  onlyIn?: CredentialState;
}

export const CREDENTIAL_DELETE_STEPS = ['shut_out', 'end_sessions', 'drop_login', 'check_gone'];

/**
 * With all its grants. Throws `in_use` when one is outside the caller's limits; `contradicts` when a delete of it, or of
 * its database, is under way, or it is not in the state `onlyIn`.
 */
export const credentialDelete: Kind<CredentialDeleteInput> = {
  name: 'credential_delete',

  async plan({ tx, requester }, { credentialId, databaseId, onlyIn }) {
    await tx.credentials.lock(credentialId);
    const credential =
      requester === null
        ? await getCredential(tx, credentialId)
        : await getWholeCredential(tx, requester, credentialId);
    if (onlyIn !== undefined && (credential.state !== onlyIn || credential.delete_accepted_at !== null)) {
      throw new PlatformError('contradicts', `The credential ${credentialId} is not ${onlyIn} any more.`);
    }
    const database = await getDatabaseOf(tx, credential, databaseId);
    await tx.credentials.acceptDelete(credentialId);
    return {
      engine: engineOf(database),
      teamId: credential.team_id,
      databaseId: database.id,
      credentialId,
      serverId: credential.server_id,
      stepNames: CREDENTIAL_DELETE_STEPS,
      change: { before: describeCredential(credential), after: null },
    };
  },

  async perform({ action, session, step, store }) {
    const credential = await getCredential(store, action.credential_id);
    const login = loginRef(credential);
    await step('shut_out', () => session.removeAccess({ logins: [login] }));
    await step('end_sessions', () => session.endSessions({ logins: [login] }));
    await step('drop_login', () => session.removeLogin(login));
    await step('check_gone', async () => {
      if ((await session.observeLogin(login)) === 'ours') {
        throw new PlatformError('engine_refused', `The login ${login.name} is still there after the drop.`);
      }
      return { left: [] };
    });
    return async (tx) => void (await tx.credentials.becomeDeleted(credential.id));
  },

  async withdraw(tx, action) {
    await tx.credentials.withdrawDelete(await getCredential(tx, action.credential_id));
  },

  /** A login without databases is nobody's any more: nobody but Berth would ask again. */
  async isOwed(nouns, action) {
    return (await getCredential(nouns, action.credential_id)).grants.length === 0;
  },

  fail: async () => async () => {}, // the credential stays as it is; asking again tries again
};
