// Shutting everybody out of a database and letting them in again: what quarantine and restore are made of. Each part may
// be repeated; the password that works afterwards is always the one that is sealed in the store.
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EngineSession, Evidence, LoginRef } from '@berth/engines/contract';
import { type KeyRing, makePassword } from '@berth/secrets';
import { type CredentialView, type DatabaseView, type GrantView, isMade, type Nouns } from '@berth/store';
import { openSecret } from '../kind';
import { isOpen } from './stay-shut';
import { databaseRef, loginRef, roleOf } from './subjects';

/** One login of the database: what it may do there, and where else it is let in. */
export interface Guest {
  id: string;
  login: LoginRef;
  role: Role;
  /** Its password here and everywhere. */
  password: Secret;
  /** All that the server may take for it: a reset that failed half-way leaves two. */
  passwords: Secret[];
  /** Its grants on other databases that are open. With one of them its password and its sessions there stay. */
  elsewhere: GrantView[];
  /** The row's secrets as they were read, to see whether they have changed since. */
  sealed: string;
}

export interface Guests {
  database: DatabaseRef;
  all: Guest[];
  /** Those that are let in nowhere else: they are locked, and their passwords become unknown. */
  own: Guest[];
}

/** Who is let into a database. Opens every password: one whose key is gone (`key_missing`) stops all before it begins. */
export async function listGuests(nouns: Nouns, keyRing: KeyRing, row: DatabaseView): Promise<Guests> {
  const credentials = await nouns.credentials.listOfDatabase(row.id);
  const all = credentials.filter(({ state }) => state === 'active').flatMap((each) => guestOf(keyRing, each, row.id));
  return { database: databaseRef(row), all, own: all.filter(({ elsewhere }) => elsewhere.length === 0) };
}

function guestOf(keyRing: KeyRing, credential: CredentialView, databaseId: string): Guest[] {
  const { id, secret_sealed: sealed, pending_secret_sealed: pending } = credential;
  const living = credential.grants.filter(({ revoked_at }) => revoked_at === null);
  const grant = living.find((each) => each.database_id === databaseId && isMade(each));
  if (grant === undefined || sealed === null) return [];
  const password = openSecret(keyRing, id, sealed);
  return [
    {
      id,
      login: loginRef(credential),
      role: roleOf(grant.role),
      password,
      passwords: pending === null ? [password] : [password, openSecret(keyRing, id, pending)],
      elsewhere: living.filter((other) => other.database_id !== databaseId && isOpen(other)),
      sealed: `${sealed} ${pending}`,
    },
  ];
}

/** Takes every grant and every way in; the logins that are let in nowhere else are locked. */
export async function revoke(session: EngineSession, { database, own, all }: Guests): Promise<Evidence> {
  const evidence = await session.removeAccess({ database, logins: own.map(({ login }) => login) });
  const shared = all.filter((guest) => !own.includes(guest)).map(({ login }) => login.name);
  return { ...evidence, shared_with_other_databases: shared };
}

/** Ends the sessions in the database, and those of its own logins wherever they are. */
export function endSessions(session: EngineSession, { database, own }: Guests): Promise<Evidence> {
  return session.endSessions({ database, logins: own.map(({ login }) => login) });
}

/**
 * Sets passwords that nobody keeps, and ends what was begun with the old ones: a handshake that had read the old
 * password would still be let in.
 */
export async function forgetPasswords(session: EngineSession, guests: Guests): Promise<Evidence> {
  const changed: string[] = [];
  for (const { login } of guests.own) {
    if ((await session.observeLogin(login)) !== 'ours') continue; // dropped behind our back: nobody can use it
    await session.ensurePassword(login, makePassword());
    changed.push(login.name);
  }
  return { passwords_forgotten: changed, ...(await endSessions(session, guests)) };
}

/** Tries every login with every password it ever may have had. Throws `login_check_failed` when one is let in. */
export async function proveShut(session: EngineSession, { database, all }: Guests): Promise<Evidence> {
  const refused: string[] = [];
  const stillElsewhere: string[] = [];
  for (const { login, passwords, password, elsewhere } of all) {
    for (const each of passwords) {
      const { reason } = await session.proveRefused(database, login, each);
      refused.push(`${login.name}: ${reason}`);
    }
    for (const grant of elsewhere) {
      const other = { id: grant.database_id, name: grant.database.engine_name };
      // by its id: who reads this may not be meant to know of that database
      stillElsewhere.push(
        `${login.name} in ${other.id}: ${await tryElsewhere(session, other, login, password, grant)}`,
      );
    }
  }
  return { refused, still_elsewhere: stillElsewhere };
}

/** The server's words on a database whose name their reader may not be meant to know. */
export function withoutName(words: string, { id, name }: DatabaseRef): string {
  return words.replaceAll(`"${name}"`, id);
}

/** What is seen there is told and decides nothing: a tenant that shut itself out there must not keep this one open. */
async function tryElsewhere(
  session: EngineSession,
  other: DatabaseRef,
  login: LoginRef,
  password: Secret,
  grant: GrantView,
): Promise<string> {
  try {
    const { lacks } = await session.proveEntry(other, login, password, roleOf(grant.role));
    return lacks === null ? 'let in' : `let in; ${withoutName(lacks, other)}`;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'claim_lost') throw error; // a server that is down shows at the next statement; a tenant may end its own session
    return code;
  }
}

/**
 * Opens the database to those who have a grant, which nobody has yet. Throws `engine_refused` when it is not on the server
 * any more: an empty one of its name would be no restore.
 */
export async function openDatabase(session: EngineSession, row: DatabaseView): Promise<Evidence> {
  const database = databaseRef(row);
  if ((await session.observeDatabase(database)) !== 'ours') {
    throw new PlatformError('engine_refused', `The database ${database.name} is not on its server any more.`);
  }
  const facts = await session.ensureDatabase({ ...database, connectionsMax: row.plan.connections_max });
  return { name: database.name, size_bytes: facts.sizeBytes };
}

/**
 * Tries every login with its password. What a tenant broke of its own is told, and keeps nobody from the data. Throws
 * `login_check_failed` where a login is not let in: one with other databases keeps the password that its tenant gave it.
 */
export async function proveOpen(session: EngineSession, { database, all }: Guests): Promise<Evidence> {
  const lacking: string[] = [];
  for (const { id, login, password, role } of all) {
    const { lacks } = await session.proveEntry(database, login, password, role).catch((error: unknown) => {
      throw codeOf(error) === 'login_check_failed' ? notLetIn(id, login, error) : error;
    });
    if (lacks !== null) lacking.push(`${login.name}: ${lacks}`);
  }
  return { let_in: all.map(({ login }) => login.name), lacking };
}

function notLetIn(id: string, { name }: LoginRef, cause: unknown): PlatformError {
  const why = cause instanceof Error ? cause.message : 'it was refused';
  const advice = `If somebody changed its password on the server, POST /v1/credentials/${id}/reset first.`;
  return new PlatformError('login_check_failed', `The login ${name} is not let in: ${why}. ${advice}`, { cause });
}

/** Puts every grant back; logins that were locked get their sealed password again. */
export async function giveBack(session: EngineSession, { database, all, own }: Guests): Promise<Evidence> {
  const granted: string[] = [];
  for (const guest of all) {
    if (own.includes(guest)) await session.ensureLogin(guest.login, guest.password);
    await session.ensureGrant(database, guest.login, guest.role);
    granted.push(`${guest.login.name}: ${guest.role}`);
  }
  return { granted, unlocked: own.map(({ login }) => login.name) };
}

/**
 * Locks the rows and looks whether the logins are still what they were when the deed began: none has lost its last other
 * database or its secret to an action in another line. Throws `login_check_failed` if so: then all is done again.
 */
export async function demandUnchanged(tx: Nouns, keyRing: KeyRing, row: DatabaseView, before: Guests): Promise<void> {
  for (const { id } of before.all) await tx.credentials.lock(id);
  const now = await listGuests(tx, keyRing, row);
  const shape = ({ all, own }: Guests) =>
    all.map((guest) => `${guest.id} ${own.includes(guest)} ${guest.role} ${guest.sealed}`).join();
  if (shape(now) === shape(before)) return;
  throw new PlatformError(
    'login_check_failed',
    'A login of the database was changed meanwhile; it is looked at again.',
  );
}
