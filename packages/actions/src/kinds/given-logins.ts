// Logins that a new database is given: they are there already, and get a role in it within the one action that makes it.
// Their grants are proposed by the request and hold from the commit that ends the action.
import { codeOf, type FieldProblem, fieldError, isId, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EngineSession, Evidence, LoginRef } from '@berth/engines/contract';
import type { KeyRing } from '@berth/secrets';
import { type Access, type Action, type CredentialView, isMade, type Nouns, type Store } from '@berth/store';
import { type FailedWork, openSecret } from '../kind';
import { LET_IN_MAX } from './login-steps';
import { settleLogin } from './stay-shut';
import { databaseRef, getDatabase, getOwnCredential, loginRef, roleOf } from './subjects';

export interface GivenLogin {
  credentialId: string;
  role: Role;
}

export const GIVEN_LOGINS_STEPS = ['grant_logins', 'limit_logins', 'check_logins', 'check_logins_isolation'];

interface Asked {
  ownerLogin: 'auto' | 'none';
  serverId?: string | undefined;
  logins?: GivenLogin[] | undefined;
}

/**
 * The logins as they are, locked until commit, in the order they were named in. Throws `disagree` without a server or beside a
 * first login of its own; `invalid_request` for too many, or one that is named twice; `unknown_reference` with `logins.<index>`
 * for each that is not this access's to change, not on that server, never made or on its way out.
 */
export async function lockGiven(tx: Nouns, access: Access, { ownerLogin, serverId, logins = [] }: Asked) {
  if (logins.length === 0) return [];
  if (serverId === undefined) throw fieldError('disagree', 'logins', 'Logins are on a server: name it by serverId.');
  if (ownerLogin !== 'none')
    throw fieldError('disagree', 'logins', 'A database has a first login made, or is given some.');
  if (logins.length > LET_IN_MAX) throw fieldError('invalid_request', 'logins', `Name ${LET_IN_MAX} logins at most.`);
  const ids = logins.map(({ credentialId }) => credentialId);
  await tx.credentials.lockAll(ids.filter((id) => isId('credential', id)));
  const found: { credential: CredentialView; role: Role }[] = [];
  const wrong: FieldProblem[] = [];
  for (const [index, { credentialId, role }] of logins.entries()) {
    const field = `logins.${index}`;
    if (ids.indexOf(credentialId) < index) throw fieldError('invalid_request', field, 'This login is named twice.');
    const credential = await findGivable(tx, access, credentialId);
    if (credential?.server_id === serverId) found.push({ credential, role });
    else wrong.push({ field, message: 'there is no login of this id here that could be let in' });
  }
  if (wrong.length === 0) return found;
  throw new PlatformError('unknown_reference', 'The request names logins that are not here.', { fields: wrong });
}

/** Null whatever the reason: who asks does not learn whose it is. */
async function findGivable(tx: Nouns, access: Access, id: string): Promise<CredentialView | null> {
  if (!isId('credential', id)) return null;
  try {
    const credential = await getOwnCredential(tx, access, id);
    return credential.state === 'failed' ? null : credential;
  } catch (error) {
    if (['not_found', 'contradicts'].includes(codeOf(error))) return null;
    throw error;
  }
}

/** A login that is to be let in, and the grant that says so. */
export interface Given {
  id: string;
  grantId: string;
  login: LoginRef;
  password: Secret;
  role: Role;
}

/**
 * Those that the create of a database gives it by now: one that was deleted since the request is none. Throws `contradicts` for
 * one that was never made.
 */
export async function listGiven(store: Store, keyRing: KeyRing, databaseId: string): Promise<Given[]> {
  return (await listProposed(store, databaseId)).map(({ credential, grant }) => {
    const { id, secret_sealed: sealed, state } = credential;
    if (state !== 'active' || sealed === null) {
      throw new PlatformError('contradicts', `The login ${id} is ${state} and cannot be given a database.`);
    }
    const password = openSecret(keyRing, id, sealed);
    return { id, grantId: grant.id, login: loginRef(credential), password, role: roleOf(grant.role) };
  });
}

/** Proposed with the database, and not by an action of the pair's own. */
async function listProposed(nouns: Nouns, databaseId: string) {
  const proposed: { credential: CredentialView; grant: CredentialView['grants'][number] }[] = [];
  for (const credential of await nouns.credentials.listOfDatabase(databaseId)) {
    const grant = credential.grants.find((each) => each.database_id === databaseId && !isMade(each));
    if (grant === undefined) continue;
    const open = await nouns.grants.findOpenAction(credential.id, databaseId);
    if (open === null || open.kind === 'database_create') proposed.push({ credential, grant });
  }
  return proposed;
}

/** Gives each its role. Safe to repeat. */
export async function grantGiven(session: EngineSession, database: DatabaseRef, given: Given[]): Promise<Evidence> {
  const granted: string[] = [];
  for (const { login, role } of given) {
    await session.ensureGrant(database, login, role);
    granted.push(`${login.name}: ${role}`);
  }
  return { granted };
}

/** Lets each have what the plans of its databases add up to, this one included. Safe to repeat. */
export async function limitGiven(session: EngineSession, store: Store, given: Given[]): Promise<Evidence> {
  const logins: string[] = [];
  for (const { id, login } of given) {
    const connectionsMax = await store.grants.sumConnections(id, { plans: 'pending' });
    const { connections_max: limited } = await session.ensureLoginLimit(login, connectionsMax);
    logins.push(`${login.name}: ${limited ?? 'no limit'}`);
  }
  return { logins };
}

/** Tries each with its password and role. Throws `login_check_failed`. */
export async function proveGiven(session: EngineSession, database: DatabaseRef, given: Given[]): Promise<Evidence> {
  const letIn: string[] = [];
  const lacking: string[] = [];
  for (const { login, password, role } of given) {
    const { lacks } = await session.proveLogin(database, login, password, role);
    letIn.push(login.name);
    if (lacks !== null) lacking.push(`${login.name}: ${lacks}`);
  }
  return { let_in: letIn, lacking };
}

/** Tries each where it must be refused. Throws `not_isolated`. */
export async function isolateGiven(session: EngineSession, given: Given[]): Promise<Evidence> {
  for (const { login, password } of given) await session.proveIsolation(login, password);
  return { isolated: given.map(({ login }) => login.name) };
}

/** After a failure the logins are to be as before, if the server can be told so; what it keeps falls with the database. */
export async function takeBackGiven({ action, log, session, store }: FailedWork): Promise<void> {
  if (session === null) return;
  try {
    const row = await getDatabase(store, action.database_id);
    for (const { credential } of await listProposed(store, row.id)) {
      const login = loginRef(credential);
      await session.removeGrant(databaseRef(row), login);
      if ((await session.observeLogin(login)) !== 'ours') continue;
      const connectionsMax = await store.grants.sumConnections(credential.id, { plans: 'pending', without: row.id });
      await session.ensureLoginLimit(login, connectionsMax);
    }
  } catch (error) {
    log.warn({ actionId: action.id, error }, 'The logins of a failed create could not be put back on the server');
  }
}

/** What was to be given is not. A login may have lost its other databases meanwhile, relying on this one. */
export async function withdrawGiven(tx: Nouns, action: Action): Promise<void> {
  const proposed = await listProposed(tx, action.database_id ?? '');
  await tx.credentials.lockAll(proposed.map(({ credential }) => credential.id));
  for (const { credential, grant } of proposed) {
    await tx.grants.withdraw(grant.id);
    await settleLogin(tx, { ...action, credential_id: credential.id });
  }
}
