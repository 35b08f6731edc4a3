// grant_delete: a login leaves one of its databases. Its password and its other databases are not touched.
import { PlatformError } from '@berth/core';
import type { Nouns } from '@berth/store';
import { type Kind, openSecret } from '../kind';
import { settleLogin } from './stay-shut';
import {
  contradicts,
  databaseRef,
  engineOf,
  getCredential,
  getDatabase,
  getOwnCredential,
  getOwnDatabase,
  loginRef,
  noGrant,
  requiredAccess,
} from './subjects';

export interface GrantDeleteInput {
  credentialId: string;
  databaseId: string;
}

/**
 * Safe to repeat: joins the one that is queued or running. Throws `not_found` for a pair without a grant; `contradicts` for
 * the last grant of a login, and while something else is done to the pair or a delete is under way.
 */
export const grantDelete: Kind<GrantDeleteInput> = {
  name: 'grant_delete',

  async plan({ tx, requester }, { credentialId, databaseId }) {
    const access = requiredAccess(requester);
    await tx.credentials.lock(credentialId, databaseId);
    await getOwnCredential(tx, access, credentialId);
    const database = await getOwnDatabase(tx, access, databaseId);
    const grant = await tx.grants.find(credentialId, databaseId);
    if (grant === null) throw noGrant(credentialId, databaseId);
    const open = await tx.grants.findOpenAction(credentialId, databaseId);
    if (open?.kind === 'grant_delete') return { joins: open };
    if (open !== null) throw contradicts(open.id, `The grant of ${credentialId} on ${databaseId} is being changed.`);
    await refuseLast(tx, credentialId, databaseId);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId,
      credentialId,
      serverId: database.server_id,
      stepNames: ['remove_grant', 'limit_login', 'check_refused'],
      change: { before: { database_id: databaseId, role: grant.role }, after: null },
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const credential = await getCredential(store, action.credential_id);
    const row = await getDatabase(store, action.database_id);
    const [login, database] = [loginRef(credential), databaseRef(row)];
    await refuseLast(store, credential.id, row.id); // the other one may have failed, or been deleted, since
    const of = { plans: 'pending' as const, without: row.id };
    const connectionsMax = await store.grants.sumConnections(credential.id, of);
    await step('remove_grant', () => session.removeGrant(database, login));
    await step('limit_login', () => session.ensureLoginLimit(login, connectionsMax));
    await step('check_refused', async () => {
      const password = openSecret(keyRing, credential.id, credential.secret_sealed ?? '');
      return session.proveRefused(database, login, password);
    });
    const grant = await store.grants.find(credential.id, row.id);
    return async (tx) => {
      await tx.credentials.lock(credential.id);
      if (grant !== null) await tx.grants.revoke(grant.id);
      await settleLogin(tx, action);
    };
  },

  fail: async () => async () => {}, // the grant stays in the store, shut out or not; asking again tries again
};

async function refuseLast(nouns: Nouns, credentialId: string, databaseId: string): Promise<void> {
  if ((await nouns.grants.countOthers(credentialId, databaseId)) > 0) return;
  const advice = `Delete the credential instead: DELETE /v1/credentials/${credentialId}.`;
  throw new PlatformError('contradicts', `This is the last database of the login ${credentialId}. ${advice}`);
}
