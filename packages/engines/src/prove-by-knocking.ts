// The sequence of the proofs: knock as the tenant would, with its password; take what the server says for its verdict; and hold
// what could not be tried against the server's own tables. What a server is asked, and how, is its engine's (`Proving`).
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EntryEvidence, IsolationEvidence, LoginRef, Reason, RefusalEvidence } from './contract';
import type { Verbs } from './make-engine';

/** What a knock got: a session inside, or a refusal. */
export type Answer<C> = { connection: C; refusal: null } | { connection: null; refusal: Refusal };

export interface Refusal {
  reason: Reason;
  /** The server's own code; null where it said nothing. */
  code: string | null;
  /** The same in Berth's words. */
  error: PlatformError;
  /** False for what says nothing about the login: a server that is full, a password that cannot even be tried. */
  isVerdict: boolean;
  /** Whether its own clients hold all connections that the login may have. */
  isUsedUp: boolean;
  /** Whether the server had taken the password before it refused. */
  wasTaken(): Promise<boolean>;
}

/** What an engine knows of its own server. `C` is a session of a tenant's login. */
export interface Proving<C extends { close(): Promise<void> }> {
  /** Knocks and takes every answer. Throws `claim_lost` before anything is sent. */
  knock(database: string, login: LoginRef, password: Secret): Promise<Answer<C>>;
  /** Tries from inside what the role may, and what it may not. Throws `login_check_failed`, or why it could not be tried. */
  tryRole(inside: C, database: DatabaseRef, login: LoginRef, role: Role): Promise<EntryEvidence>;
  /** Whether the server's own tables keep the login out of the database, by a lock or otherwise. Left out where they are not asked. */
  isShut?(database: string, login: LoginRef): Promise<boolean>;
  /** Whether they let it in, with this role there and no other. `inside` is its session, null where none was opened. */
  isEntitled(database: DatabaseRef, login: LoginRef, role: Role, inside: C | null): Promise<boolean>;
  /** Whether a trial that ended with this code may be its tenant's own doing. */
  mayBeTenants(code: string): boolean;
  /** Why a refusal proves nothing, though it is one; null where it does. Left out where each does. */
  findDoubt?(refusal: Refusal, database: string, login: LoginRef): Promise<string | null>;
}

/** Where a login must be refused, and for what. */
export interface Doors {
  databases: string[];
  /** Whether operators let it stay open to every login. */
  staysOpen(database: string): boolean;
  /** Whether a refusal for this reason keeps the login out for good. */
  isolates(reason: Reason, database: string): boolean;
  /** Whether the server's own tables keep the login out for good: a lock, which ends, does not. */
  isShut(database: string, login: LoginRef): Promise<boolean>;
}

/** The proofs that are verbs of an engine. */
export function proofsBy<Admin, C extends { close(): Promise<void> }>(
  provingOf: (admin: Admin) => Proving<C>,
): Pick<Verbs<Admin>, 'proveLogin' | 'proveEntry' | 'proveRefused'> {
  return {
    proveLogin: (admin, ...args) => proveLogin(provingOf(admin), ...args),
    proveEntry: (admin, ...args) => proveEntry(provingOf(admin), ...args),
    proveRefused: (admin, ...args) => proveRefused(provingOf(admin), ...args),
  };
}

/** As EngineSession.proveLogin promises. */
async function proveLogin<C extends { close(): Promise<void> }>(
  { knock, tryRole }: Proving<C>,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<EntryEvidence> {
  const { connection, refusal } = await knock(database.name, login, password);
  if (refusal !== null) throw refusal.isVerdict ? refusedFor(refusal) : refusal.error;
  try {
    return await tryRole(connection, database, login, role);
  } finally {
    await connection.close();
  }
}

/** As EngineSession.proveEntry promises. What follows a password that was taken is held against the server's own tables. */
async function proveEntry<C extends { close(): Promise<void> }>(
  { isEntitled, knock, mayBeTenants, tryRole }: Proving<C>,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<EntryEvidence> {
  const { connection, refusal } = await knock(database.name, login, password);
  if (refusal !== null) {
    if (!(await refusal.wasTaken()) || !(await isEntitled(database, login, role, null))) throw whyNotIn(refusal);
    return lacking(login, role, refusal.code === null ? NOTHING_MORE : refusal.error.message);
  }
  try {
    return await tryRole(connection, database, login, role);
  } catch (error) {
    if (!mayBeTenants(codeOf(error)) || !(await isEntitled(database, login, role, connection))) throw error;
    return lacking(login, role, error instanceof Error ? error.message : 'What its role may do could not be tried');
  } finally {
    await connection.close();
  }
}

const NOTHING_MORE = 'The server took the password, and then nothing more came';

/** Codes that say something of Berth alone, and nothing of what a login lacks. */
export const BERTHS_OWN_CODES: ReadonlySet<string> = new Set(['claim_lost', 'internal']);

/** Let in, with its role, and not able to show it. */
function lacking({ name }: LoginRef, role: Role, lacks: string): EntryEvidence {
  const untried = { can_make: null, can_write: null, can_read: null, tried_on: null };
  return { login: name, role, ...untried, lacks, details: {} };
}

function whyNotIn(refusal: Refusal): PlatformError {
  const { code, error } = refusal;
  if (code === null || ['server_unreachable', 'server_busy'].includes(error.code)) return error;
  return refusedFor(refusal);
}

function refusedFor({ reason }: Refusal): PlatformError {
  return checkFailed(`The login was refused: ${reason}`);
}

/**
 * As EngineSession.proveRefused promises: `login_check_failed` if let in, or refused for a reason that proves nothing, such as an
 * address that nobody may come from.
 */
async function proveRefused<C extends { close(): Promise<void> }>(
  { findDoubt, isShut, knock }: Proving<C>,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<RefusalEvidence> {
  const { connection, refusal } = await knock(database.name, login, password);
  if (refusal === null) {
    await connection.close();
    throw checkFailed(`"${login.name}" was let into "${database.name}"`);
  }
  const { code, error, isVerdict, reason } = refusal;
  if (!isVerdict) {
    const isUntried = error.code === 'server_busy' || error.code === 'login_check_failed';
    if (!isUntried || !(await isShut?.(database.name, login))) throw error;
    return { refused: true, reason: 'privilege', code: null, tried: false };
  }
  if (reason === 'other') throw checkFailed('The login was refused for a reason that proves nothing');
  const doubt = (await findDoubt?.(refusal, database.name, login)) ?? null;
  if (doubt !== null) throw checkFailed(doubt);
  return { refused: true, reason, code, tried: true };
}

/** Knocks at every door, and comes in anew for each. Throws `not_isolated`, or `server_busy` where nothing could be told. */
export async function proveDoors<C extends { close(): Promise<void> }>(
  { knock }: Proving<C>,
  { databases, isolates, isShut, staysOpen }: Doors,
  login: LoginRef,
  password: Secret,
): Promise<IsolationEvidence> {
  const evidence: IsolationEvidence = { refused: [], not_tried: [], left_open: [], details: {} };
  for (const database of databases) {
    const { connection, refusal } = await knock(database, login, password);
    if (refusal === null) {
      await connection.close();
      if (!staysOpen(database)) throw notIsolated(login, database);
      evidence.left_open.push(database);
    } else if (refusal.isUsedUp && (staysOpen(database) || (await isShut(database, login)))) {
      evidence.not_tried.push(database);
    } else {
      if (!refusal.isVerdict) throw refusal.error;
      const { reason } = refusal;
      if (!isolates(reason, database)) throw checkFailed(`Isolation from "${database}" could not be tried: ${reason}`);
      evidence.refused.push(`${database}: ${reason}`);
    }
  }
  return evidence;
}

/** What a login was let into, as the error of a check. */
export function notIsolated({ name }: LoginRef, database: string): PlatformError {
  return new PlatformError('not_isolated', `"${name}" was let into "${database}"`);
}

/** What a login was not let do, as the error of a check. */
export function checkFailed(message: string, cause?: unknown): PlatformError {
  return new PlatformError('login_check_failed', message, cause === undefined ? {} : { cause });
}

/**
 * Tries what a role may, from inside. What fails is the login's failure, but for what says nothing about it. `demandServer` throws
 * where the server itself is gone: a session that is ended by its own kind is no such server.
 */
export async function tryInside<T>(deed: () => Promise<T>, demandServer?: () => Promise<unknown>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'server_unreachable' && demandServer !== undefined) await demandServer();
    else if (NOT_TRIED.has(code) || code === 'login_check_failed' || code === 'internal') throw error;
    throw checkFailed(error instanceof Error ? error.message : 'The login could not write', error);
  }
}

/** Codes that say nothing about the login. */
export const NOT_TRIED: ReadonlySet<string> = new Set([
  'server_unreachable',
  'server_busy',
  'tls_failed',
  'deadline_passed',
  'claim_lost',
]);
