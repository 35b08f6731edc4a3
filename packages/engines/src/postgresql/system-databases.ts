// The server's own databases, which PostgreSQL opens to everybody: which of them are open, and whether this admin may shut
// them. On managed services nobody who can log in owns template1.
import type { Admin } from './admin';
import { SYSTEM_DATABASES } from './names';

export interface OpenDatabase {
  name: string;
  owner: string;
  /** Whether the admin may take CONNECT from PUBLIC there. */
  canShut: boolean;
}

/** Those that accept connections and let PUBLIC in. */
export async function listOpenSystemDatabases(admin: Admin): Promise<OpenDatabase[]> {
  return (await listOpenDatabases(admin)).filter(({ name }) => SYSTEM_DATABASES.includes(name));
}

/** All databases that accept connections and let PUBLIC in: every tenant of this server can enter them. By name. */
export async function listOpenDatabases(admin: Admin): Promise<OpenDatabase[]> {
  return admin.main.query<{ name: string; owner: string; canShut: boolean }>(
    `SELECT d.datname AS name, r.rolname AS owner, pg_has_role(d.datdba, 'USAGE') AS "canShut"
       FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
      WHERE d.datallowconn AND EXISTS (
        SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba)))
         WHERE grantee = 0 AND privilege_type IN ('CONNECT', 'TEMPORARY'))
      ORDER BY 1`,
  );
}

/** Whether operators said that it may stay open to every login of the server. */
export function staysOpen({ server }: Admin, database: string): boolean {
  return server.openDatabases?.includes(database) ?? false;
}
