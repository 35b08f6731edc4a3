// Knocks as a tenant would, over TCP with its password. A login that cannot be tried is never counted as refused.
import { randomUUID } from 'node:crypto';
import { codeOf, PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { type Attempt, attemptConnection, type Connection } from './connect';
import { errorOf, type Fault } from './errors';
import { ADMIN_DATABASE, CANARY, groupNameOf } from './names';
import { proveLesser } from './prove-lesser';
import { quoteIdentifier } from './quote';

/** Logs in and tries what the role may, and what it may not. Throws `login_check_failed`, or why it could not be tried. */
export async function proveLogin(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
  role: Role,
): Promise<Evidence> {
  const attempt = await knock(admin, database.name, login, password);
  if (attempt.fault) throw new PlatformError('login_check_failed', `The login was refused: ${reasonOf(attempt.fault)}`);
  try {
    if (role !== 'owner') return await proveLesser(attempt.connection, database, login, role);
    return await writeAndRead(attempt.connection, login.name, groupNameOf(database));
  } catch (error) {
    throw tenantErrorOf(error);
  } finally {
    await attempt.connection.close();
  }
}

/** Expects a refusal for password, lock or privilege. Throws `login_check_failed` if let in or refused for a reason
 * that proves nothing, such as a pg_hba.conf that does not know this address. */
export async function proveRefused(
  admin: Admin,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  const attempt = await knock(admin, database.name, login, password).catch(async (error: unknown) => {
    if (codeOf(error) === 'server_busy' && (await isShutByCatalogue(admin, database, login))) return null;
    throw error;
  });
  if (attempt === null) return { refused: true, reason: 'privilege', tried: false };
  if (!attempt.fault) {
    await attempt.connection.close();
    throw new PlatformError('login_check_failed', `"${login.name}" was let into "${database.name}"`);
  }
  const reason = reasonOf(attempt.fault);
  if (reason === 'other')
    throw new PlatformError('login_check_failed', 'The login was refused for a reason that proves nothing');
  return { refused: true, reason, sqlstate: attempt.fault.sqlstate };
}

/** Where no connection is left to knock with: whether the catalogue itself keeps the login out of the database. */
async function isShutByCatalogue(admin: Admin, database: DatabaseRef, login: LoginRef): Promise<boolean> {
  const [row] = await admin.main.query<{ is_shut: boolean }>(
    `SELECT NOT rolcanlogin OR NOT has_database_privilege(r.oid, d.oid, 'CONNECT') AS is_shut
       FROM pg_roles r, pg_database d WHERE r.rolname::text = $1 AND d.datname::text = $2`,
    [login.name, database.name],
  );
  return row?.is_shut ?? false;
}

/** Expects the canary and every system database to refuse the login for want of privilege. Throws `not_isolated`. */
export async function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  const evidence: Evidence = {};
  for (const database of [CANARY, ADMIN_DATABASE, 'template1', 'template0']) {
    const attempt = await knock(admin, database, login, password);
    if (!attempt.fault) {
      await attempt.connection.close();
      throw new PlatformError('not_isolated', `"${login.name}" was let into "${database}"`);
    }
    const reason = reasonOf(attempt.fault);
    const isAbsent = reason === 'no such database' && database !== CANARY;
    if (reason !== 'privilege' && reason !== 'database closed' && !isAbsent) {
      throw new PlatformError('login_check_failed', `Isolation from "${database}" could not be tried: ${reason}`);
    }
    evidence[database] = reason;
  }
  return evidence;
}

/** Throws `server_unreachable` and the like, `claim_lost`; every other fault is the server's verdict on the login. */
async function knock(admin: Admin, database: string, login: LoginRef, password: Secret): Promise<Attempt> {
  const attempt = await attemptConnection(
    { address: admin.server, username: login.name, password, database, applicationName: 'berth check' },
    admin.leftMs,
  );
  if (attempt.fault) {
    const error = errorOf(attempt.fault);
    const isVerdict = attempt.fault.sqlstate !== null && !NOT_TRIED.has(error.code);
    if (!isVerdict) throw error;
  }
  return attempt;
}

const NOT_TRIED: ReadonlySet<string> = new Set(['server_unreachable', 'server_busy', 'deadline_passed', 'claim_lost']);

type Reason = 'password' | 'locked' | 'privilege' | 'database closed' | 'no such database' | 'other';

/** 28000 is both a locked login and a pg_hba.conf that refuses the address; only the server's routine tells. */
function reasonOf({ sqlstate, routine }: Fault): Reason {
  switch (sqlstate) {
    case '28P01':
      return 'password';
    case '28000':
      return routine === 'InitializeSessionUserId' ? 'locked' : 'other';
    case '42501':
      return 'privilege';
    case '55000':
      return 'database closed';
    case '3D000':
      return 'no such database';
    default:
      return 'other';
  }
}

/** The schema public if the tenant still has it, else one made for the occasion; nothing of it is committed. */
async function writeAndRead(connection: Connection, login: string, group: string): Promise<Evidence> {
  const unique = `berth_check_${randomUUID().replaceAll('-', '')}`;
  await connection.query('BEGIN READ WRITE');
  const [who] = await connection.query<{ session: string; current: string; has_public: boolean }>(
    `SELECT session_user AS session, current_user AS current, to_regnamespace('public') IS NOT NULL AS has_public`,
  );
  if (who?.session !== login || who.current !== group) {
    throw new PlatformError('login_check_failed', `"${login}" acts as "${who?.current}" instead of "${group}"`);
  }
  const schema = who.has_public ? 'public' : unique;
  if (!who.has_public) await connection.query(`CREATE SCHEMA ${unique}`);
  const table = `${quoteIdentifier(schema)}.${unique}`;
  await connection.query(`CREATE TABLE ${table} (written text)`);
  await connection.query(`INSERT INTO ${table} VALUES ($1)`, [unique]);
  const [read] = await connection.query<{ written: string }>(`SELECT written FROM ${table}`);
  await connection.query('ROLLBACK');
  if (read?.written !== unique) throw new PlatformError('login_check_failed', 'What was written was not read back');
  return { session_user: who.session, current_user: who.current, wrote: true };
}

/** Inside, the tenant's missing rights are our check's failure, not the admin's. */
function tenantErrorOf(error: unknown): unknown {
  const code = codeOf(error);
  if (NOT_TRIED.has(code) || code === 'login_check_failed' || code === 'internal') return error;
  const message = error instanceof Error ? error.message : 'The login could not write';
  return new PlatformError('login_check_failed', message, { cause: error });
}
