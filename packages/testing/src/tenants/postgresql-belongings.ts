// What a tenant can have in a database of PostgreSQL.
import { Client } from 'pg';
import type { Belongings } from './belongings';

export const postgresqlBelongings: Belongings = {
  async make(uri) {
    const user = decodeURIComponent(new URL(uri).username);
    await ask(
      uri,
      `CREATE SCHEMA shop; CREATE TABLE shop.orders (id serial PRIMARY KEY, body jsonb, raw bytea);
       INSERT INTO shop.orders (body, raw) SELECT jsonb_build_object('n', n), decode('00ff', 'hex') FROM generate_series(1, 1000) n;
       CREATE INDEX ON shop.orders ((body ->> 'n')); CREATE MATERIALIZED VIEW shop.counted AS SELECT count(*) FROM shop.orders;
       CREATE FUNCTION shop.total() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM shop.orders';
       CREATE EXTENSION pg_trgm; SELECT lo_from_bytea(4711, 'a large object'); COMMENT ON TABLE shop.orders IS 'ours';
       SELECT setval('shop.orders_id_seq', 5000); SET ROLE NONE; ALTER ROLE "${user}" SET statement_timeout = '77s'`,
    );
    await ask(uri, `INSERT INTO shop.orders (body) VALUES ('{"written": "last"}')`);
  },
  read: (uri) =>
    ask(
      uri,
      `SELECT (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM shop.orders o) AS orders, shop.total()::int AS total,
        (SELECT last_value::int FROM shop.orders_id_seq) AS last, current_setting('statement_timeout') AS timeout,
        obj_description('shop.orders'::regclass) AS comment, (SELECT count::int FROM shop.counted) AS counted,
        convert_from(lo_get(4711), 'UTF8') AS large`,
    ),
  use: async (uri) => void (await ask(uri, `SELECT nextval('shop.orders_id_seq')`)),
  async makeOutsider(adminUrl, database) {
    const url = new URL(`/${database}`, adminUrl);
    [url.username, url.password] = [`outside_${database}`, 'of-the-operators'];
    await ask(
      adminUrl,
      `CREATE ROLE "${url.username}" LOGIN PASSWORD '${url.password}'; GRANT CONNECT ON DATABASE "${database}" TO "${url.username}"`,
    );
    const inside = new URL(`/${database}`, adminUrl).href;
    await ask(inside, `GRANT USAGE ON SCHEMA public TO "${url.username}"; GRANT SELECT ON kept TO "${url.username}"`);
    const drop = `DROP OWNED BY "${url.username}"; DROP ROLE "${url.username}"`;
    return { uri: url.href, close: async () => void (await ask(inside, drop)) };
  },
  async describe(adminUrl, database, loginPrefixes) {
    const inside = new URL(`/${database}`, adminUrl).href;
    return { global: await ask(adminUrl, GLOBAL, [database, loginPrefixes]), inside: await ask(inside, INSIDE) };
  },
};

const ROLES = 'SELECT oid FROM pg_roles, unnest($2::text[]) prefix WHERE starts_with(rolname, prefix)';
const GLOBAL = `SELECT (SELECT json_agg(d ORDER BY datname) FROM
    (SELECT datname, datdba, datconnlimit, datallowconn, encoding, datcollate,
       ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1) AS acl FROM pg_database WHERE datname = $1) d) AS databases,
  (SELECT json_agg(r ORDER BY rolname) FROM (SELECT * FROM pg_roles WHERE oid IN (${ROLES})) r) AS roles,
  (SELECT json_agg(m ORDER BY roleid, member) FROM (SELECT roleid::regrole::text, member::regrole::text, admin_option,
     inherit_option, set_option FROM pg_auth_members WHERE roleid IN (${ROLES})) m) AS members,
  (SELECT json_agg(s::text ORDER BY s::text) FROM pg_db_role_setting s WHERE setrole IN (${ROLES})) AS settings`;
const INSIDE = `SELECT (SELECT json_agg(c ORDER BY oid) FROM (SELECT oid, relname, relkind, relowner, relacl::text, relfilenode
    FROM pg_class WHERE oid >= 16384) c) AS relations,
  (SELECT json_agg(n ORDER BY oid) FROM (SELECT oid, nspname, nspowner, nspacl::text FROM pg_namespace) n) AS schemas,
  (SELECT json_agg(a ORDER BY oid) FROM (SELECT oid, defaclrole, defaclobjtype, defaclacl::text FROM pg_default_acl) a) AS defaults,
  (SELECT json_agg(p ORDER BY oid) FROM (SELECT oid, proname, proowner, proacl::text FROM pg_proc WHERE oid >= 16384) p) AS functions`;

async function ask(url: string, sql: string, values?: unknown[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(values === undefined ? sql : { text: sql, values })).rows;
  } finally {
    await client.end();
  }
}
