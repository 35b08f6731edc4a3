// What a create left on the server, read from its catalogues; and taking all of it away again.
import { Client } from 'pg';
import { anonymous } from './tape';

/** Everything the benchmark makes is called something that begins so. */
export const PREFIX = 'bench_';

/** Runs `deed` on a superuser's connection to one database, and closes it. */
export async function withClient<T>(url: string, deed: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await deed(client);
  } finally {
    await client.end();
  }
}

/** The database, its roles, rights and settings as one text, the same for all that were made alike. */
export async function describeMade(serverUrl: string, name: string): Promise<string> {
  const outside = await withClient(serverUrl, async (client) => (await client.query(OUTSIDE, [name])).rows);
  const inside = new URL(serverUrl);
  inside.pathname = `/${name}`;
  const schema = await withClient(inside.href, async (client) => (await client.query(INSIDE)).rows);
  return anonymous(JSON.stringify([outside, schema], null, 2), name);
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

/** Drops whatever begins with PREFIX. The store is not told: its home is thrown away at the end. */
export async function dropMade(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
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
