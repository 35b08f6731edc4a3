// Whether a login is let in again, whatever its tenant did to its own settings, schemas or triggers meanwhile: those are
// its own, and Berth neither repairs them nor lets them keep anybody from the data.
import { codeOf, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { errorOf, type Fault } from './errors';
import { attemptLogin, checkFailed, endChecks, reasonOf, untriableOf } from './knock';
import { listRolesOf } from './membership';
import { observeGroups } from './ownership';
import { tryRole } from './try-role';

/** As EngineSession.proveEntry promises. What follows a password that was taken is held against the catalogue. */
export async function proveEntry(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<EntryEvidence> {
  const attempt = await attemptLogin(admin, database.name, login, password);
  if (attempt.fault) {
    const isKnown = attempt.isAuthenticated || (await hangs(admin, attempt.fault, database, login));
    if (!isKnown || !(await isEntitled(admin, database, login, role))) throw refusalOf(attempt.fault);
    return { lacks: lackOf(attempt.fault) };
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

/** A trigger at login may never end. */
async function hangs(admin: Admin, { sqlstate }: Fault, database: DatabaseRef, login: LoginRef): Promise<boolean> {
  return sqlstate === null && endChecks(admin, database.name, login);
}

function refusalOf(fault: Fault): Error {
  const error = untriableOf(fault) ?? errorOf(fault);
  if (fault.sqlstate === null || ['server_unreachable', 'server_busy'].includes(error.code)) return error;
  return checkFailed(`The login was refused: ${reasonOf(fault)}`);
}

/** Whether it may log in, enter this database, and has this role there and no other. */
async function isEntitled(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<boolean> {
  const [row] = await admin.main.query<{ oid: number; is_let_in: boolean }>(
    `SELECT r.oid, r.rolcanlogin AND d.datallowconn AND has_database_privilege(r.oid, d.oid, 'CONNECT')
                     AND d.datconnlimit NOT IN (0, -2) AND r.rolconnlimit <> 0 AS is_let_in
       FROM pg_roles r, pg_database d WHERE r.rolname::text = $1 AND d.datname::text = $2`,
    [login.name, database.name],
  );
  if (!row?.is_let_in) return false;
  const roles = await listRolesOf(admin, await observeGroups(admin, database), row.oid);
  return roles.length === 1 && roles[0] === role;
}

function lackOf(fault: Fault): string {
  return fault.sqlstate === null ? 'The server took the password, and then nothing more came' : errorOf(fault).message;
}
