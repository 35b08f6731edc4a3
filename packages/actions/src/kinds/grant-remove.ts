// Taking a login out of one of its databases, for callers who know logins by their databases alone: with the last one the login
// goes itself.
import type { Joins, Planned, Requestable } from '../kind';
import { credentialDelete } from './credential-delete';
import { type GrantDeleteInput, grantDelete } from './grant-delete';

/** Becomes a `grant_delete` or a `credential_delete`. Throws what those two throw; `not_found` for a pair without a grant. */
export const grantRemove: Requestable<GrantDeleteInput> = {
  name: 'grant_delete',

  async plan(planning, input) {
    const { tx } = planning;
    const { credentialId, databaseId } = input;
    await tx.credentials.lock(credentialId, databaseId);
    if ((await tx.grants.countOthers(credentialId, databaseId)) > 0) return grantDelete.plan(planning, input);
    const planned: Planned | Joins = await credentialDelete.plan(planning, { credentialId });
    return 'joins' in planned ? planned : { ...planned, kind: 'credential_delete' };
  },
};
