// What MariaDB and MySQL are asked in the proofs of ../prove-by-knocking.ts: by a knock, from inside, and of their tables.
import { PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, IsolationEvidence, LoginRef } from '../contract';
import { BERTHS_OWN_CODES, type Doors, type Proving, proveDoors } from '../prove-by-knocking';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { listPrivileges } from './ensure-grant';
import { isLocked, isShutByGrants } from './entitlement';
import { lackOfMandatory, listLeftOpen } from './everybody';
import { knock } from './knock';
import { CANARY, STORE } from './names';
import { observeDatabaseRow } from './ownership';
import { isRole } from './privileges';
import { tryRole } from './try-role';

/** The proofs of one session. */
export function provingOf(admin: Admin): Proving<Connection> {
  return {
    knock: (database, login, password) => knock(admin, database, login, password),
    tryRole: (inside, database, login, role) => tryRole(admin, inside, database, login, role),
    isShut: (database, login) => isShut(admin, database, login),
    isEntitled: (database, login, role) => isEntitled(admin, database, login, role),
    mayBeTenants: (code) => !BERTHS_OWN_CODES.has(code),
    // told only to whoever has a right there, and could make the database
    findDoubt: async ({ reason }, database, login) =>
      reason === 'no such database' && !(await isShut(admin, database, login))
        ? `"${login.name}" may enter "${database}", which is not there`
        : null,
  };
}

/** The servers' own that nobody is let into. The other two show every login what it may see anyway. */
const KEPT_OUT_OF = [CANARY, STORE, 'mysql', 'sys'];

/** As EngineSession.proveIsolation promises. A role that is not active when a login comes in would let it in later: that is asked. */
export async function proveIsolation(admin: Admin, login: LoginRef, password: Secret): Promise<IsolationEvidence> {
  if (admin.mandatoryRoles !== '') throw new PlatformError('not_isolated', lackOfMandatory());
  return proveDoors(provingOf(admin), doorsOf(admin), login, password);
}

/** What operators let stay open is tried too, and may not be there at all. */
function doorsOf(admin: Admin): Doors {
  const leftOpen = listLeftOpen(admin);
  return {
    databases: [...KEPT_OUT_OF, ...leftOpen],
    staysOpen: (database) => leftOpen.includes(database),
    isolates: (reason, database) =>
      reason === 'privilege' || (reason === 'no such database' && leftOpen.includes(database)),
    isShut: (database, login) => isShutByGrants(admin, database, login),
  };
}

async function isShut(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  return (await isLocked(admin, login)) || (await isShutByGrants(admin, database, login));
}

/** Whether it may log in, and has this role in this database and no other. */
async function isEntitled(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<boolean> {
  const { exists } = await observeDatabaseRow(admin, database);
  if (!exists || (await isLocked(admin, login))) return false;
  return isRole(role, await listPrivileges(admin, database, login));
}
