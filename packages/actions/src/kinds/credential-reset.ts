// credential_reset: a new password, sessions of the old one ended. Grants stay. The pending password is stored before
// the server hears of it and becomes the working one in the commit that ends the action, so that none is ever lost.
import { codeOf, PlatformError } from '@berth/core';
import { makePassword } from '@berth/secrets';
import { type FailedWork, type Kind, openSecret, sealSecret } from '../kind';
import {
  databaseRef,
  engineOf,
  getCredential,
  getDatabase,
  getOwnCredential,
  loginRef,
  requiredAccess,
} from './subjects';

export interface CredentialResetInput {
  credentialId: string;
}

/** Each request is one more new password. Throws `contradicts` while the credential is not active or being deleted. */
export const credentialReset: Kind<CredentialResetInput> = {
  name: 'credential_reset',

  async plan({ tx, requester }, { credentialId }) {
    await tx.credentials.lock(credentialId);
    const credential = await getOwnCredential(tx, requiredAccess(requester), credentialId);
    const database = await getDatabase(tx, credential.grants[0]?.database_id ?? null);
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
      stepNames: ['set_password', 'end_sessions', 'check_login'],
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const id = (await getCredential(store, action.credential_id)).id;
    const database = databaseRef(await getDatabase(store, action.database_id));
    await store.actions.renew(action); // only who holds the action may propose a password
    await store.credentials.proposeSecret(id, sealSecret(keyRing, id, makePassword()));
    const credential = await getCredential(store, id);
    if (credential.pending_secret_sealed === null) {
      throw new PlatformError('contradicts', 'The credential is not active, so its password cannot be reset.');
    }
    const login = loginRef(credential);
    const password = openSecret(keyRing, id, credential.pending_secret_sealed);
    const oldPassword = openSecret(keyRing, id, credential.secret_sealed ?? '');
    await step('set_password', () => session.ensurePassword(login, password));
    await step('end_sessions', () => session.endSessions({ logins: [login] }));
    await step('check_login', async () => ({
      ...(await session.proveLogin(database, login, password, 'owner')),
      ...(await session.proveRefused(database, login, oldPassword)),
    }));
    return (tx) => tx.credentials.adoptPendingSecret(id);
  },

  async fail(work) {
    const outcome = await whichPasswordWorks(work);
    const id = work.action.credential_id ?? '';
    return async (tx) => {
      if (outcome === 'pending') await tx.credentials.adoptPendingSecret(id);
      if (outcome === 'old') await tx.credentials.dropPendingSecret(id);
    };
  },
};

/**
 * A login attempt is the only honest probe. `unknown` (the server cannot be asked) keeps both: the next reset sets the
 * same pending password, and until then the old one is shown.
 */
async function whichPasswordWorks({
  action,
  keyRing,
  session,
  store,
}: FailedWork): Promise<'pending' | 'old' | 'unknown'> {
  const credential = await getCredential(store, action.credential_id);
  if (session === null || credential.pending_secret_sealed === null) return 'unknown';
  const database = databaseRef(await getDatabase(store, action.database_id));
  const password = openSecret(keyRing, credential.id, credential.pending_secret_sealed);
  try {
    await session.proveLogin(database, loginRef(credential), password, 'owner');
    return 'pending';
  } catch (error) {
    return codeOf(error) === 'login_check_failed' ? 'old' : 'unknown';
  }
}
