// A login as a whole, with all its databases: what changes the login itself touches each of them.
import { PlatformError, type Role } from '@berth/core';
import type { DatabaseRef } from '@berth/engines/contract';
import { type Access, type CredentialView, isMade, type Nouns } from '@berth/store';
import { databaseRef, getDatabase, getOwnCredential, isInsideLimits, roleOf } from './subjects';

/**
 * A credential that this access may change, with everything it opens. Throws what `getOwnCredential` throws; `in_use` when it
 * also has a database outside the limits of this access.
 */
export async function getWholeCredential(tx: Nouns, access: Access, id: string): Promise<CredentialView> {
  const credential = await getOwnCredential(tx, access, id);
  refuseOutside(access, credential);
  return credential;
}

/** Throws `in_use` when a database of the login is outside the limits of this access. */
export function refuseOutside(access: Access, { grants, id }: CredentialView): void {
  if (!grants.every(({ database }) => isInsideLimits(access, database))) throw outsideLimits(id);
}

function outsideLimits(id: string): PlatformError {
  const advice = 'Ask with an access that reaches all of them, or take the grant away from yours.';
  return new PlatformError(
    'in_use',
    `The login ${id} is used by databases outside the limits of this access. ${advice}`,
  );
}

/** Where the login works now, and as what: not where its grant is still to be made, nor in quarantine. */
export async function listOpenGrants(nouns: Nouns, id: string): Promise<{ database: DatabaseRef; role: Role }[]> {
  const credential = await nouns.credentials.find(id);
  const open: { database: DatabaseRef; role: Role }[] = [];
  for (const grant of (credential?.grants ?? []).filter(isMade)) {
    const database = await getDatabase(nouns, grant.database_id);
    if (database.state === 'quarantined' || database.state === 'deleted') continue;
    open.push({ database: databaseRef(database), role: roleOf(grant.role) });
  }
  return open;
}
