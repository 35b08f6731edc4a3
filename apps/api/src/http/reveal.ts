// Showing what opens one database to those who may see it, for products that know logins by their databases.
import { type Caller, type Context, revealCredential } from '@berth/actions';
import { codeOf } from '@berth/core';
import type { CredentialView } from '@berth/store';

/** What opens one database: a password, and the URL with it. */
export interface Opening {
  password: string;
  uri: string;
}

/**
 * What the login opens this database with, recorded in the audit; null while it opens nothing there: before it is made, and in
 * quarantine. Throws what else `revealCredential` does.
 */
export async function findOpening(
  api: Context,
  caller: Caller,
  credential: CredentialView,
  databaseId: string,
): Promise<Opening | null> {
  const revealed = await revealCredential(api, caller, credential).catch((error: unknown) => {
    if (codeOf(error) !== 'contradicts') throw error;
    return null;
  });
  const uri = revealed?.uris.get(databaseId);
  return revealed === null || uri === undefined ? null : { password: revealed.password, uri };
}
