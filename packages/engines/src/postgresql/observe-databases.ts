// What is on the server, whosever it is: one statement, however many databases there are. Sizes are what takes its time: the
// server looks at every file of a database.
import type { SeenDatabase } from '../contract';
import type { Admin } from './admin';
import { CHARSET_COLUMNS } from './charset';
import { CANARY, idOfMarker, SYSTEM_DATABASES } from './names';

interface Row extends Omit<SeenDatabase, 'id' | 'sizeBytes'> {
  marker: string | null;
  size: string | null;
}

/** As EngineSession.observeDatabases promises. One that is half dropped can only be dropped, and is left out. */
export async function observeDatabases(admin: Admin): Promise<SeenDatabase[]> {
  const rows = await admin.main.query<Row>(
    `WITH marks AS (
       SELECT objoid, classoid, description FROM pg_shdescription WHERE description LIKE 'berth:%'
     ), groups AS (
       SELECT r.objoid AS role, d.objoid AS database FROM marks r JOIN marks d USING (description)
        WHERE r.classoid = 'pg_authid'::regclass AND d.classoid = 'pg_database'::regclass
     ), given AS (
       SELECT groups.database, a.member AS login FROM groups JOIN pg_auth_members a ON a.roleid = groups.role
        UNION SELECT d.oid, grantee FROM pg_database d, aclexplode(d.datacl)
               WHERE privilege_type = 'CONNECT' AND grantee <> d.datdba
     ), users AS (
       SELECT database, count(*)::int AS count FROM given JOIN pg_roles r ON r.oid = given.login
        WHERE r.rolname <> current_user AND given.login NOT IN (SELECT role FROM groups) GROUP BY database
     ), sessions AS (
       SELECT datid AS database, count(*)::int AS count FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND usename IS DISTINCT FROM current_user GROUP BY datid
     )
     SELECT d.datname AS name, marks.description AS marker, pg_database_size(d.oid)::text AS size,
            coalesce(users.count, 0) AS users, coalesce(sessions.count, 0) AS sessions,
            ${CHARSET_COLUMNS}
       FROM pg_database d LEFT JOIN sessions ON sessions.database = d.oid LEFT JOIN users ON users.database = d.oid
         LEFT JOIN marks ON marks.objoid = d.oid AND marks.classoid = 'pg_database'::regclass
      WHERE d.datname <> ALL($1) AND d.datconnlimit <> -2 ORDER BY d.datname`,
    [[...SYSTEM_DATABASES, CANARY]],
  );
  return rows.map(({ marker, size, ...seen }) => ({ ...seen, id: idOfMarker(marker), sizeBytes: Number(size ?? 0) }));
}
