// Who may enter what, by the catalogues that all databases of a server share. What is granted inside a database is its owners'.
import type { SeenAccess, SeenDoor, SeenGrant, SeenLogin } from '../contract';
import type { Admin } from './admin';
import { CANARY, idOfMarker, ORPHANS, roleOfGroup, SYSTEM_DATABASES } from './names';

/** As EngineSession.observeAccess promises. */
export async function observeAccess(admin: Admin): Promise<SeenAccess> {
  return { databases: await listDoors(admin), logins: await listLogins(admin), grants: await listGrants(admin) };
}

const OWN = [...SYSTEM_DATABASES, CANARY];

/** A limit of 0 keeps out everybody but superusers, whatever was granted. */
async function listDoors({ main }: Admin): Promise<SeenDoor[]> {
  const rows = await main.query<Omit<SeenDoor, 'id' | 'isShut'> & { marker: string | null }>(
    `SELECT d.datname AS name, shobj_description(d.oid, 'pg_database') AS marker,
            d.datallowconn AND d.datconnlimit <> 0 AND coalesce(bool_or(grantee <> d.datdba), false) AS "isOpen",
            d.datallowconn AND d.datconnlimit <> 0 AND coalesce(bool_or(grantee = 0), false) AS "isPublic"
       FROM pg_database d LEFT JOIN LATERAL (
         SELECT grantee FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba)))
          WHERE privilege_type = 'CONNECT') given ON true
      WHERE d.datname <> ALL($1) AND d.datconnlimit <> -2 GROUP BY d.oid ORDER BY d.datname`,
    [OWN],
  );
  return rows.map(({ marker, ...door }) => ({ ...door, id: idOfMarker(marker), isShut: !door.isOpen }));
}

const ATTRIBUTES = {
  rolsuper: 'SUPERUSER',
  rolcreatedb: 'CREATEDB',
  rolcreaterole: 'CREATEROLE',
  rolreplication: 'REPLICATION',
  rolbypassrls: 'BYPASSRLS',
};

/** Roles that log in, and those of ours that are locked; a membership in what is no group of ours is a power. */
async function listLogins({ main }: Admin): Promise<SeenLogin[]> {
  const attributes = Object.entries(ATTRIBUTES).map(([column, word]) => `CASE WHEN r.${column} THEN '${word}' END`);
  const rows = await main.query<{ name: string; marker: string | null; isLocked: boolean; powers: string[] }>(
    `WITH marks AS (SELECT objoid, description FROM pg_shdescription WHERE classoid = 'pg_authid'::regclass)
     SELECT r.rolname AS name, marks.description AS marker, NOT r.rolcanlogin AS "isLocked",
            array_remove(ARRAY[${attributes.join(', ')}], NULL) || ARRAY(
              SELECT 'member of ' || g.rolname FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid
                LEFT JOIN marks ON marks.objoid = g.oid
               WHERE a.member = r.oid AND coalesce(marks.description, '') NOT LIKE 'berth:%' ORDER BY 1) AS powers
       FROM pg_roles r LEFT JOIN marks ON marks.objoid = r.oid
      WHERE (r.rolcanlogin OR marks.description LIKE 'berth:cred\\_%') AND r.rolname NOT IN (current_user, $1)
      ORDER BY 1`,
    [ORPHANS],
  );
  return rows.map(({ marker, ...login }) => ({ ...login, id: idOfMarker(marker) }));
}

/** Members of our groups, and whoever may connect without being one. */
async function listGrants({ main }: Admin): Promise<SeenGrant[]> {
  const rows = await main.query<{ login: string; database: string; groups: (string | null)[] }>(
    `WITH marks AS (SELECT objoid, classoid, description FROM pg_shdescription WHERE description LIKE 'berth:%'),
     groups AS (
       SELECT r.objoid AS role, d.objoid AS database FROM marks r JOIN marks d USING (description)
        WHERE r.classoid = 'pg_authid'::regclass AND d.classoid = 'pg_database'::regclass
     ), given AS (
       SELECT groups.database, a.member AS login, groups.role FROM groups JOIN pg_auth_members a ON a.roleid = groups.role
        UNION SELECT d.oid, grantee, NULL FROM pg_database d, aclexplode(d.datacl)
               WHERE privilege_type = 'CONNECT' AND grantee NOT IN (0, d.datdba)
     )
     SELECT r.rolname AS login, d.datname AS database, array_agg(g.rolname::text ORDER BY g.rolname) AS groups
       FROM given JOIN pg_roles r ON r.oid = given.login JOIN pg_database d ON d.oid = given.database
         LEFT JOIN pg_roles g ON g.oid = given.role
      WHERE r.rolname <> current_user AND given.login NOT IN (SELECT role FROM groups) AND d.datname <> ALL($1)
      GROUP BY 1, 2 ORDER BY 1, 2`,
    [OWN],
  );
  return rows.map(({ login, database, groups }) => ({
    login,
    database,
    roles: groups.map((group) => roleOfGroup(group ?? '')).filter((role) => role !== null),
    beyond: groups.includes(null) ? ['CONNECT'] : [],
  }));
}
