// How large databases are, by what the server's tables say of themselves.
import { type Admin, keptName } from './admin';
import { isOneOf } from './quote';

/**
 * The bytes of each database for which `isHere`, a condition on `table_schema`, is so; one without tables is left out. Views are
 * passed over, for MariaDB would open each with all that it reads, and twenty, each upon two of the one before, take a minute: one
 * tenant would keep the sizes of everybody from being told. A table that somebody has locked is passed over as well.
 */
export async function listSizes(admin: Admin, isHere: string): Promise<Map<string, number>> {
  const full = "CONCAT(table_schema, '.', table_name)";
  // the kind of a table is told without opening it
  const views = await admin.main.query<{ name: string }>(
    `${unwaiting(admin)}SELECT ${full} AS name FROM information_schema.tables WHERE ${isHere} AND table_type LIKE '%VIEW'`,
  );
  const isView = isOneOf(
    full,
    views.map(({ name }) => name),
  );
  const rows = await admin.main.query<{ name: string; bytes: string | number | null }>(
    `${unwaiting(admin)}SELECT table_schema AS name, SUM(data_length + index_length) AS bytes FROM information_schema.tables
      WHERE ${isHere} AND NOT ${isView} GROUP BY table_schema`,
  );
  return new Map(rows.map(({ name, bytes }) => [keptName(admin, name), Number(bytes ?? 0)]));
}

/** MySQL reads a dictionary, and waits for nobody. */
function unwaiting({ isMariaDb }: Admin): string {
  return isMariaDb ? 'SET STATEMENT lock_wait_timeout = 0 FOR ' : '';
}
