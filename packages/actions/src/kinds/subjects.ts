// Reading what an action is about, for plan and perform. A row that must be there and is not is an error of ours.
import { type EngineName, isEngineName, isRole, PlatformError, type Role } from '@berth/core';
import type { DatabaseRef, LoginRef } from '@berth/engines/contract';
import type { Access, CredentialView, DatabaseView, Nouns } from '@berth/store';

/** The database the action is about. */
export async function getDatabase(nouns: Nouns, id: string | null): Promise<DatabaseView> {
  const database = id === null ? null : await nouns.databases.find(id);
  if (database === null) throw new PlatformError('internal', 'The database of this action is not in the store.');
  return database;
}

/** The credential the action is about. */
export async function getCredential(nouns: Nouns, id: string | null): Promise<CredentialView> {
  const credential = id === null ? null : await nouns.credentials.find(id);
  if (credential === null) throw new PlatformError('internal', 'The credential of this action is not in the store.');
  return credential;
}

/** What the engine calls it, and Berth's id, which is its marker there. */
export function databaseRef(database: { id: string; engine_name: string }): DatabaseRef {
  return { id: database.id, name: database.engine_name };
}

export function loginRef(credential: { id: string; engine_username: string }): LoginRef {
  return { id: credential.id, name: credential.engine_username };
}

/** The engine of a stored row. */
export function engineOf(row: { engine: string }): EngineName {
  if (!isEngineName(row.engine)) throw new PlatformError('internal', `The store names an engine "${row.engine}".`);
  return row.engine;
}

/** The role of a stored grant. */
export function roleOf(role: string): Role {
  if (!isRole(role)) throw new PlatformError('internal', `The store names a role "${role}".`);
  return role;
}

/**
 * A living database that this access may change. `not_found` for another team's, outside the access's limits, or
 * deleted; `contradicts` while it is quarantined, and (naming the action) while one takes it away or brings it back.
 */
export async function getOwnDatabase(tx: Nouns, access: Access, id: string): Promise<DatabaseView> {
  const database = await tx.databases.find(id);
  if (database === null || !mayReach(access, database)) throw noDatabase(id);
  if (database.state === 'deleted') throw wasDeleted(id);
  const reason = await closedReason(tx, database);
  if (reason !== null) throw reason;
  return database;
}

/** Why nothing may be changed about a database now, as the error to throw; null when it may. */
export async function closedReason(tx: Nouns, database: DatabaseView): Promise<PlatformError | null> {
  const { id, hidden } = database;
  const open = await tx.actions.findOpenOfDatabase(id, ['database_delete', 'database_quarantine', 'database_restore']);
  if (open?.kind === 'database_restore') return contradicts(open.id, `The database ${id} is being restored.`);
  const isKept = open?.kind === 'database_quarantine' && !hidden;
  if (open !== null) return contradicts(open.id, `The database ${id} is being ${isKept ? 'quarantined' : 'deleted'}.`);
  return database.state === 'quarantined' ? quarantined(database) : null;
}

/** The same for a credential: one with a grant on a database that this access may reach. */
export async function getOwnCredential(tx: Nouns, access: Access, id: string): Promise<CredentialView> {
  const credential = await tx.credentials.find(id);
  if (credential === null || credential.team_id !== access.team_id) throw noCredential(id);
  if (!(await mayReachCredential(tx, access, credential))) throw noCredential(id);
  if (credential.state === 'deleted') throw new PlatformError('not_found', `The credential ${id} was deleted.`);
  const standing = await tx.actions.findOpenDelete({ credentialId: id });
  if (standing !== null) throw contradicts(standing.id, `The credential ${id} is being deleted.`);
  const reason = await allClosedReason(tx, credential);
  if (reason !== null) throw reason;
  return credential;
}

/** Whether one of its databases is inside what this access may see. */
export async function mayReachCredential(tx: Nouns, access: Access, { grants }: CredentialView): Promise<boolean> {
  for (const grant of grants) if (mayReach(access, await getDatabase(tx, grant.database_id))) return true;
  return false;
}

/** Why a login lets in nowhere that may be changed now; null when one of its databases is open. None that is kept unseen. */
async function allClosedReason(tx: Nouns, credential: CredentialView): Promise<PlatformError | null> {
  let first: PlatformError | null = null;
  for (const grant of credential.grants.filter(({ revoked_at }) => revoked_at === null)) {
    const database = await getDatabase(tx, grant.database_id);
    if (isHidden(database)) continue;
    const reason = database.state === 'deleted' ? wasDeleted(database.id) : await closedReason(tx, database);
    if (reason === null) return null;
    first ??= reason;
  }
  return first;
}

/** Whether a database is inside what this access may see: its team, its limits, and nothing that is kept unseen. */
export function mayReach(
  access: Access,
  database: { team_id: string; project_id: string; environment_id: string; state: string; hidden: boolean },
): boolean {
  return !isHidden(database) && database.team_id === access.team_id && isInsideLimits(access, database);
}

/** Whether a place of its own team is inside the limits of an access. */
export function isInsideLimits(access: Access, place: { project_id: string; environment_id: string }): boolean {
  return (
    (access.limit_project_id ?? place.project_id) === place.project_id &&
    (access.limit_environment_id ?? place.environment_id) === place.environment_id
  );
}

/** Whether its client was told that it is deleted, while it is kept: then only operators see it. */
export function isHidden({ state, hidden }: { state: string; hidden: boolean }): boolean {
  return hidden && state === 'quarantined';
}

export function isOperator(access: Access): boolean {
  return access.scopes.includes('operator');
}

export function quarantined({ id, purge_after }: { id: string; purge_after: Date | null }): PlatformError {
  const until = purge_after === null ? '' : ` until ${purge_after.toISOString()}`;
  return new PlatformError('contradicts', `The database ${id} is quarantined${until}. Restore it first.`);
}

export function wasDeleted(id: string): PlatformError {
  return new PlatformError('not_found', `The database ${id} was deleted.`);
}

export function isProtected(id: string): PlatformError {
  return new PlatformError('protected', `The database ${id} is protected from deleting. Lift its protection first.`);
}

export function noDatabase(id: string): PlatformError {
  return new PlatformError('not_found', `There is no database ${id}.`);
}

export function noCredential(id: string): PlatformError {
  return new PlatformError('not_found', `There is no credential ${id}.`);
}

export function noGrant(credentialId: string, databaseId: string): PlatformError {
  return new PlatformError('not_found', `The credential ${credentialId} has no grant on ${databaseId}.`);
}

/** Whoever answers names the action, as the caller knows it. */
export function contradicts(actionId: string, message: string): PlatformError {
  return new PlatformError('contradicts', message, { actionId });
}

/** The requester, where only an access may ask. */
export function requiredAccess(requester: Access | null): Access {
  if (requester === null) throw new PlatformError('internal', 'This kind of action is asked for by an access.');
  return requester;
}
