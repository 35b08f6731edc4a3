// Whether a login is let in again, whatever its tenant did inside meanwhile: that is its own, and Berth neither repairs it
// nor lets it keep anybody from the data.
import { codeOf, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { listPrivileges } from './ensure-grant';
import { isLocked } from './entitlement';
import { errorOf, type Fault } from './errors';
import { attemptLogin, checkFailed, isUsedUp, reasonOf, untriableOf } from './knock';
import { observeDatabaseRow } from './ownership';
import { isRole } from './privileges';
import { tryRole } from './try-role';

/** As EngineSession.proveEntry promises. What follows a password that was taken is held against the grants. */
export async function proveEntry(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<EntryEvidence> {
  const attempt = await attemptLogin(admin, database.name, login, password);
  if (attempt.fault) {
    if (!isUsedUp(attempt.fault) || !(await isEntitled(admin, database, login, role))) throw refusalOf(attempt.fault);
    return { lacks: errorOf(attempt.fault).message };
  }
  try {
    return { ...(await tryRole(admin, attempt.connection, database, login, role)), lacks: null };
  } catch (error) {
    if (OURS.has(codeOf(error)) || !(await isEntitled(admin, database, login, role))) throw error;
    return { lacks: error instanceof Error ? error.message : 'What its role may do could not be tried' };
  } finally {
    await attempt.connection.close();
  }
}

/** Codes that say something of Berth alone, and nothing of what the login lacks. */
const OURS: ReadonlySet<string> = new Set(['claim_lost', 'internal']);

function refusalOf(fault: Fault): Error {
  const error = untriableOf(fault) ?? errorOf(fault);
  if (fault.errno === null || ['server_unreachable', 'server_busy'].includes(error.code)) return error;
  return checkFailed(`The login was refused: ${reasonOf(fault)}`);
}

/** Whether it may log in, and has this role in this database and no other. */
async function isEntitled(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<boolean> {
  const { exists } = await observeDatabaseRow(admin, database);
  if (!exists || (await isLocked(admin, login))) return false;
  return isRole(role, await listPrivileges(admin, database, login));
}
