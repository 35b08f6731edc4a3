// What PostgreSQL is asked in the proofs of ../prove-by-knocking.ts: by a knock, from inside, and of its catalogue.
import type { Role, Secret } from '@berth/core';
import type { DatabaseRef, IsolationEvidence, LoginRef } from '../contract';
import { BERTHS_OWN_CODES, type Doors, type Proving, proveDoors } from '../prove-by-knocking';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { knock } from './knock';
import { listRolesOf } from './membership';
import { CANARY, SYSTEM_DATABASES } from './names';
import { observeGroups } from './ownership';
import { staysOpen } from './system-databases';
import { tryRole } from './try-role';

/** The proofs of one session. */
export function provingOf(admin: Admin): Proving<Connection> {
  return {
    knock: (database, login, password) => knock(admin, database, login, password),
    tryRole: (inside, database, login, role) => tryRole(admin, inside, database, login, role),
    isShut: (database, login) => isKeptOut(admin, database, login, `NOT rolcanlogin OR ${SHUT}`),
    isEntitled: (database, login, role) => isEntitled(admin, database, login, role),
    mayBeTenants: (code) => !BERTHS_OWN_CODES.has(code),
  };
}

/** As EngineSession.proveIsolation promises. */
export function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<IsolationEvidence> {
  return proveDoors(provingOf(admin), doorsOf(admin), login, password);
}

/** A template may be missing: operators drop them. The canary may not. */
function doorsOf(admin: Admin): Doors {
  return {
    databases: [CANARY, ...SYSTEM_DATABASES],
    staysOpen: (database) => staysOpen(admin, database),
    isolates: (reason, database) =>
      reason === 'privilege' || reason === 'database closed' || (reason === 'no such database' && database !== CANARY),
    isShut: (database, login) => isKeptOut(admin, database, login, SHUT),
  };
}

/** Of a login `r` and a database `d`: what keeps out whoever is let in elsewhere. */
const SHUT = `NOT datallowconn OR NOT has_database_privilege(r.oid, d.oid, 'CONNECT')`;

async function isKeptOut(admin: Admin, database: string, login: LoginRef, by: string): Promise<boolean> {
  const [row] = await admin.main.query<{ is_shut: boolean }>(
    `SELECT ${by} AS is_shut
       FROM pg_roles r, pg_database d WHERE r.rolname::text = $1 AND d.datname::text = $2`,
    [login.name, database],
  );
  return row?.is_shut ?? false;
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
