// How large databases are, by what the server's tables say of themselves.
import { randomUUID } from 'node:crypto';
import { type Admin, keptName } from './admin';
import { isOneOf, quoteText } from './quote';

/** What one statement leaves out by name: half a MB of ordinary names, and some seconds of a server's time to compare. */
const VIEWS_MAX = 10_000;
/** The longest that a view's name can be in a statement: two names of 64 characters of three bytes, each escaped. */
const VIEW_BYTES_MAX = 1_000;
/** Digits that the digest of a name may begin with: what is too many for one statement is asked in as many parts. */
const DIGITS = [...'0123456789abcdef'];
const FULL_NAME = "CONCAT(table_schema, '.', table_name)";

/**
 * The bytes of each database for which `isHere`, a condition on `table_schema`, is so; one without tables is left out. Views are
 * passed over, for MariaDB would open each with all that it reads, and twenty, each upon two of the one before, take a minute: one
 * tenant would keep the sizes of everybody from being told. A table that somebody has locked is passed over as well.
 */
export async function listSizes(admin: Admin, isHere: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  // names alone decide which table is opened, so that a part costs its own tables and a look at everybody's names. With words
  // that nobody can guess, no tenant finds names that all fall into one part
  const digest = `SHA2(CONCAT('${randomUUID()}', ${FULL_NAME}), 256)`;
  const parts = [''];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const beginning = part;
    const isInPart = part === '' ? isHere : `${isHere} AND ${digest} LIKE '${part}%'`;
    const views = await listViews(admin, isInPart);
    if (views === null) parts.push(...DIGITS.map((digit) => beginning + digit));
    else await addSizes(admin, sizes, `${isInPart} AND NOT ${isOneOf(FULL_NAME, views)}`);
  }
  return sizes;
}

/** Null for more than one statement may name: 110,000 would be more than the server takes (max_allowed_packet). */
async function listViews(admin: Admin, isInPart: string): Promise<string[] | null> {
  const viewsMax = Math.min(VIEWS_MAX, Math.max(1, Math.floor(admin.statementBytesMax / VIEW_BYTES_MAX)));
  // the kind of a table is told without opening it
  const views = await admin.main.query<{ name: string }>(
    `${unwaiting(admin)}SELECT ${FULL_NAME} AS name FROM information_schema.tables
      WHERE ${isInPart} AND table_type LIKE ${quoteText('%VIEW')} LIMIT ${viewsMax + 1}`,
  );
  return views.length > viewsMax ? null : views.map(({ name }) => name);
}

async function addSizes(admin: Admin, sizes: Map<string, number>, isMeant: string): Promise<void> {
  const rows = await admin.main.query<{ name: string; bytes: string | number | null }>(
    `${unwaiting(admin)}SELECT table_schema AS name, SUM(data_length + index_length) AS bytes FROM information_schema.tables
      WHERE ${isMeant} GROUP BY table_schema`,
  );
  for (const { name, bytes } of rows) {
    const key = keptName(admin, name);
    sizes.set(key, (sizes.get(key) ?? 0) + Number(bytes ?? 0));
  }
}

/** MySQL reads a dictionary, and waits for nobody. */
function unwaiting({ isMariaDb }: Admin): string {
  return isMariaDb ? 'SET STATEMENT lock_wait_timeout = 0 FOR ' : '';
}
