// What others than our logins were given on a database of ours: taken while it is shut, and given back to the word. An adopted
// database has such.
import type { DatabaseRef } from '../contract';
import type { Admin } from './admin';
import { ERRNO, errnoOf } from './errors';
import type { DatabaseGrant, ThingGrant } from './grants';
import { STORE } from './names';
import { isText, quoteAccount, quoteEverythingIn, quoteText } from './quote';
import { ensureStore, listThings } from './store';

/** Writes down those of these grants that are not our logins', beside what is written down of an earlier try. */
export async function keepOthers(
  admin: Admin,
  database: DatabaseRef,
  grants: (DatabaseGrant | ThingGrant)[],
): Promise<void> {
  const ours = await listThings(admin, 'login');
  const others = grants.filter(isWide).filter(({ privileges, user }) => privileges.length > 0 && !ours.has(user));
  if (others.length === 0) return;
  await ensureStore(admin);
  const all = JSON.stringify([...(await listOthers(admin, database)), ...others]);
  await admin.main.query(
    `REPLACE INTO ${STORE}.others (database_id, grants) VALUES (${quoteText(database.id)}, ${quoteText(all)})`,
  );
}

/** One on single tables or routines is not kept: the server does not tell a grant on a column from one on its table. */
function isWide(grant: DatabaseGrant | ThingGrant): grant is DatabaseGrant {
  return 'pattern' in grant;
}

/** Gives back what was kept; whose account is gone by now gets nothing. */
export async function giveBackOthers(admin: Admin, database: DatabaseRef): Promise<void> {
  const others = await listOthers(admin, database);
  for (const { user, host, pattern, privileges } of others) {
    const sql = `GRANT ${privileges.join(', ')} ON ${quoteEverythingIn(pattern)} TO ${quoteAccount(user, host)}`;
    await admin.main.query(sql).catch(unlessNobody);
  }
  await forgetOthers(admin, database);
}

/** Nothing is to be given back any more: it was, or the database is gone. */
export async function forgetOthers(admin: Admin, database: DatabaseRef): Promise<void> {
  if ((await listOthers(admin, database)).length === 0) return;
  await admin.main.query(`DELETE FROM ${STORE}.others WHERE ${isText('database_id', database.id)}`);
}

/** No such account, which MariaDB and MySQL tell in words of their own. */
const NOBODY: ReadonlySet<number> = new Set([1133, 1410]);

function unlessNobody(error: unknown): void {
  if (!NOBODY.has(errnoOf(error) ?? 0)) throw error;
}

async function listOthers({ main }: Admin, database: DatabaseRef): Promise<DatabaseGrant[]> {
  try {
    const [row] = await main.query<{ grants: string }>(
      `SELECT grants FROM ${STORE}.others WHERE ${isText('database_id', database.id)}`,
    );
    return row === undefined ? [] : JSON.parse(row.grants);
  } catch (error) {
    if (errnoOf(error) === ERRNO.noSuchTable) return []; // of an older version, which kept none
    throw error;
  }
}
