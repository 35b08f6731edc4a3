// Logins that are somebody else's: they keep what they may in a database that Berth took over, and it is told who they are.
import type { DatabaseRef } from '../contract';
import type { Admin } from './admin';

/** Of `pg_roles r`: neither ours nor superusers, without the admin. */
export const IS_OUTSIDER = `rolcanlogin AND NOT rolsuper AND rolname <> current_user
        AND coalesce(shobj_description(r.oid, 'pg_authid'), '') NOT LIKE 'berth:%'`;

/** Outsiders that may connect to the database, in the order of their names. A limit of no connections keeps them out all the same. */
export async function listOutsiders({ main }: Admin, { name }: DatabaseRef): Promise<string[]> {
  const rows = await main.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles r, pg_database d
      WHERE d.datname::text = $1 AND has_database_privilege(r.oid, d.oid, 'CONNECT') AND ${IS_OUTSIDER} ORDER BY 1`,
    [name],
  );
  return rows.map((row) => row.name);
}
