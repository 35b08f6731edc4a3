// What is on the server, whosever it is: a statement for each thing that is asked, however many databases there are.
import type { SeenDatabase } from '../contract';
import { type Admin, keptName } from './admin';
import { listDatabaseGrants } from './grants';
import { CANARY, STORE, SYSTEM_DATABASES } from './names';
import { quoteText, unescapePattern } from './quote';
import { listSizes } from './sizes';
import { listThings } from './store';

const OWN = [...SYSTEM_DATABASES, STORE, CANARY].map(quoteText).join(', ');

/** As EngineSession.observeDatabases promises. */
export async function observeDatabases(admin: Admin): Promise<SeenDatabase[]> {
  const schemata = await admin.main.query<Pick<SeenDatabase, 'name' | 'charset' | 'collation'>>(
    `SELECT schema_name AS name, default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE LOWER(schema_name) NOT IN (${OWN}) ORDER BY 1`,
  );
  const [sizes, sessions, users] = [
    await listSizes(admin, `table_schema NOT IN (${OWN})`),
    await listSessions(admin),
    await listUsers(admin),
  ];
  const things = await listThings(admin, 'database');
  return schemata.map(({ name, charset, collation }) => {
    const key = keptName(admin, name);
    const thing = things.get(key);
    return {
      name,
      id: thing === undefined || thing.state === 'making' ? null : thing.id,
      sizeBytes: sizes.get(key) ?? 0,
      users: users.get(key)?.size ?? 0,
      charset,
      collation,
      sessions: sessions.get(key) ?? 0,
    };
  });
}

async function listSessions(admin: Admin): Promise<Map<string, number>> {
  const rows = await admin.main.query<{ name: string; count: string | number | null }>(
    `SELECT db AS name, COUNT(*) AS count FROM information_schema.processlist
      WHERE db IS NOT NULL AND id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler') GROUP BY db`,
  );
  return numbersOf(admin, rows);
}

function numbersOf(admin: Admin, rows: { name: string; count: string | number | null }[]): Map<string, number> {
  return new Map(rows.map(({ name, count }) => [keptName(admin, name), Number(count ?? 0)]));
}

/** Who has a grant on one database by its name: an account for each of several hosts is one login. */
async function listUsers(admin: Admin): Promise<Map<string, Set<string>>> {
  const users = new Map<string, Set<string>>();
  for (const { pattern, user } of await listDatabaseGrants(admin)) {
    const key = keptName(admin, unescapePattern(pattern));
    users.set(key, (users.get(key) ?? new Set()).add(user));
  }
  return users;
}
