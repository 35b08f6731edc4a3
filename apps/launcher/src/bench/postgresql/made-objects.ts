// What a create left on a PostgreSQL server, read from its catalogues; and taking all of it away again.
import type { Secret } from '@berth/core';
import { PREFIX, type ServerReading } from '../bench-engine';
import { withClient } from '../with-client';

/** The version, and what makes a commit last. */
export async function readServer(serverUrl: Secret): Promise<ServerReading> {
  const { rows } = await withClient(serverUrl.reveal(), (client) =>
    client.query<{ name: string; value: string }>(READING),
  );
  const { server_version: version = '', ...durability } = Object.fromEntries(
    rows.map(({ name, value }) => [name, value]),
  );
  return { version, durability, isDurable: Object.values(durability).every((value) => value === 'on') };
}

const READING = `
  SELECT name, setting AS value FROM pg_settings
   WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes') ORDER BY name`;

/** The database, its roles, rights and settings as one text. */
export async function describeMade(serverUrl: Secret, name: string): Promise<string> {
  const outside = await withClient(serverUrl.reveal(), async (client) => (await client.query(OUTSIDE, [name])).rows);
  const inside = new URL(serverUrl.reveal());
  inside.pathname = `/${name}`;
  const schema = await withClient(inside.href, async (client) => (await client.query(INSIDE)).rows);
  return JSON.stringify([outside, schema], null, 2);
}

const OUTSIDE = `
  SELECT d.datname, d.datdba::regrole::text AS owner, pg_encoding_to_char(d.encoding) AS charset, d.datcollate,
         d.datconnlimit, d.datallowconn, d.datacl::text AS rights, shobj_description(d.oid, 'pg_database') AS marker,
         (SELECT json_agg(r ORDER BY r.rolname) FROM (
            SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
                   rolconnlimit, shobj_description(oid, 'pg_authid') AS marker,
                   (SELECT json_agg((m.roleid::regrole::text, m.admin_option, m.inherit_option, m.set_option)::text)
                      FROM pg_auth_members m WHERE m.member = pg_roles.oid) AS member_of,
                   (SELECT json_agg(s.setconfig) FROM pg_db_role_setting s
                     WHERE s.setrole = pg_roles.oid AND s.setdatabase = d.oid) AS settings
              FROM pg_roles WHERE starts_with(rolname, $1)) r) AS roles
    FROM pg_database d WHERE d.datname = $1`;

const INSIDE = `SELECT nspname, nspowner::regrole::text AS owner, nspacl::text AS rights FROM pg_namespace WHERE nspname = 'public'`;

/** Drops whatever begins with PREFIX. */
export async function dropMade(serverUrl: Secret): Promise<void> {
  await withClient(serverUrl.reveal(), async (client) => {
    const like = `${PREFIX}%`;
    const databases = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE datname LIKE $1',
      [like],
    );
    for (const { name } of databases.rows) {
      await client.query(`DROP DATABASE ${client.escapeIdentifier(name)} WITH (FORCE)`);
    }
    const roles = await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles WHERE rolname LIKE $1', [
      like,
    ]);
    for (const { name } of roles.rows) await client.query(`DROP ROLE ${client.escapeIdentifier(name)}`);
  });
}
