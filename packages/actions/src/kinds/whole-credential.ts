// A login as a whole, with all its databases: what changes the login itself touches each of them.
import { PlatformError, type Role } from '@berth/core';
import type { DatabaseRef } from '@berth/engines/contract';
import { type Access, type CredentialView, type DatabaseView, type GrantView, isMade, type Nouns } from '@berth/store';
import { databaseRef, getDatabase, getOwnCredential, isHidden, isInsideLimits, roleOf } from './subjects';

/**
 * A credential that this access may change, with everything it opens. Throws what `getOwnCredential` throws; `in_use` when it
 * also has a database outside the limits of this access.
 */
export async function getWholeCredential(tx: Nouns, access: Access, id: string): Promise<CredentialView> {
  const credential = await getOwnCredential(tx, access, id);
  refuseOutside(access, credential);
  return credential;
}

/** Throws `in_use` when a database of the login is outside the limits of this access. What is kept unseen is gone for it. */
export function refuseOutside(access: Access, { grants, id }: CredentialView): void {
  const isOutside = ({ database }: GrantView) => !isHidden(database) && !isInsideLimits(access, database);
  if (grants.some(isOutside)) throw outsideLimits(id);
}

/**
 * The database that an action about the whole login is told of: the one asked for if it is one of the login's, else the oldest,
 * before those that its client may not know of.
 */
export function getDatabaseOf(nouns: Nouns, { grants }: CredentialView, asked?: string): Promise<DatabaseView> {
  const known = grants.filter(({ database }) => !isHidden(database));
  const grant = known.find(({ database_id }) => database_id === asked) ?? known[0] ?? grants[0];
  return getDatabase(nouns, grant?.database_id ?? null);
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
