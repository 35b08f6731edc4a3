// The further databases of a new login: made in its first one, it is let into these within the same action.
import { codeOf, fieldError, isId, PlatformError, type Role, type Secret, unknownReference } from '@berth/core';
import type { DatabaseRef, EngineSession, Evidence, LoginRef } from '@berth/engines/contract';
import type { Access, CredentialView, DatabaseView, GrantView, Nouns } from '@berth/store';
import { LET_IN_MAX } from './login-steps';
import { withoutName } from './shut-out';
import { getOwnDatabase } from './subjects';

/**
 * Databases of `alsoIn`, in its order. Throws `invalid_request`, `unknown_reference` and `disagree` naming `alsoIn.<index>`;
 * `contradicts` for one that is not available.
 */
export async function getOthers(
  tx: Nouns,
  access: Access,
  first: DatabaseView,
  ids: string[],
): Promise<DatabaseView[]> {
  if (ids.length > LET_IN_MAX) throw fieldError('invalid_request', 'alsoIn', `Name ${LET_IN_MAX} databases at most.`);
  const others: DatabaseView[] = [];
  for (const [index, id] of ids.entries()) {
    const field = `alsoIn.${index}`;
    if (id === first.id || ids.indexOf(id) < index) {
      throw fieldError('invalid_request', field, 'This database is named twice.');
    }
    if (!isId('database', id)) throw unknownReference(field, id, 'database');
    const other = await getOwnDatabase(tx, access, id).catch((error: unknown) => {
      throw codeOf(error) === 'not_found' ? unknownReference(field, id, 'database') : error;
    });
    if (other.server_id !== first.server_id) {
      throw fieldError('disagree', field, 'It is on another server than the first database of the login.');
    }
    if (other.state !== 'available') throw new PlatformError('contradicts', `The database ${id} is ${other.state}.`);
    others.push(other);
  }
  return others;
}

/** One that was shut since the request is not opened by the way. Throws `contradicts`. */
export function refuseShut({ grants }: CredentialView): void {
  const shut = grants.find(({ database }) => ['quarantined', 'deleted'].includes(database.state));
  if (shut === undefined) return;
  throw new PlatformError('contradicts', `The database ${shut.database_id} was shut before the login was made.`);
}

/** Safe to repeat. */
export async function grantOthers(
  session: EngineSession,
  others: DatabaseRef[],
  login: LoginRef,
  role: Role,
): Promise<Evidence> {
  for (const each of others) await session.ensureGrant(each, login, role);
  return { databases: others.map(({ id }) => id), role };
}

/** Throws `login_check_failed`. Databases by their ids: who reads this may not be meant to know their names. */
export async function proveOthers(
  session: EngineSession,
  others: DatabaseRef[],
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<Evidence> {
  const lacking: string[] = [];
  for (const each of others) {
    const { lacks } = await session.proveLogin(each, login, password, role);
    if (lacks !== null) lacking.push(`${each.id}: ${withoutName(lacks, each)}`);
  }
  return { databases: others.map(({ id }) => id), lacking };
}

/** The database of a grant, as its server knows it. */
export function refOf({ database, database_id: id }: GrantView): DatabaseRef {
  return { id, name: database.engine_name };
}
