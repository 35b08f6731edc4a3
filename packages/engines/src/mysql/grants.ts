// Who was given what, as the server's own tables say it, and taking it back. A grant outlives the database it was given on.
import { type Admin, isDatabase, keptName } from './admin';
import { ERRNO, errnoOf } from './errors';
import { privilegesOfRow, privilegesOfWords } from './privileges';
import { escapePattern, quoteAccount, quoteEverythingIn, quoteFound, quoteText } from './quote';

/** A grant on whatever databases a pattern matches. */
export interface DatabaseGrant {
  user: string;
  host: string;
  /** As it was given, escapes and all. */
  pattern: string;
  privileges: string[];
}

/** A grant on one table, some of its columns, or one routine. */
export interface ThingGrant {
  user: string;
  host: string;
  kind: 'TABLE' | 'PROCEDURE' | 'FUNCTION' | 'PACKAGE' | 'PACKAGE BODY';
  database: string;
  name: string;
  privileges: string[];
}

/** All grants on databases, whoever has them. */
export async function listDatabaseGrants(admin: Admin, where = 'TRUE'): Promise<DatabaseGrant[]> {
  const rows = await admin.main.query<Record<string, unknown>>(
    `SELECT * FROM mysql.db WHERE ${where} ORDER BY Db, User, Host`,
  );
  return rows.map((row) => ({
    user: String(row.User),
    host: String(row.Host),
    pattern: String(row.Db),
    privileges: privilegesOfRow(row),
  }));
}

/** Grants whose pattern matches this database, and those on things inside it. */
export async function listGrantsOn(admin: Admin, name: string): Promise<(DatabaseGrant | ThingGrant)[]> {
  const matching = await listDatabaseGrants(admin, isMatched(admin, name));
  return [...matching, ...(await listThingGrants(admin, isDatabase(admin, 'Db', name)))];
}

/** Whether the pattern of a row of mysql.db matches a name, which is what the server asks as well. */
export function isMatched(admin: Admin, name: string): string {
  return `${quoteText(keptName(admin, name))} LIKE ${admin.foldsCase ? 'LOWER(Db)' : 'Db'}`;
}

/** Everything that was given to these accounts: `isAccount`, or whatever their host. */
export async function listRightsOf(admin: Admin, accounts: string): Promise<(DatabaseGrant | ThingGrant)[]> {
  return [...(await listDatabaseGrants(admin, accounts)), ...(await listThingGrants(admin, accounts))];
}

/** Grants by name on tables, columns and routines. Whoever makes a routine may be given one on it by the server itself. */
export async function listThingGrants(admin: Admin, where = 'TRUE'): Promise<ThingGrant[]> {
  const rows = await admin.main.query<Omit<ThingGrant, 'privileges'> & { words: string }>(
    `SELECT User AS user, Host AS host, 'TABLE' AS kind, Db AS \`database\`, Table_name AS name,
            CONCAT_WS(',', NULLIF(Table_priv, ''), NULLIF(Column_priv, '')) AS words
       FROM mysql.tables_priv WHERE ${where}
      UNION SELECT User, Host, Routine_type, Db, Routine_name, Proc_priv FROM mysql.procs_priv WHERE ${where}`,
  );
  return rows.map(({ words, ...grant }) => ({ ...grant, privileges: privilegesOfWords(words) }));
}

/** Whether a pattern means this database and no other: its name, escaped as we do it or not at all. */
export function isByName(admin: Admin, pattern: string, name: string): boolean {
  return isSame(admin, pattern, name) || isSame(admin, pattern, escapePattern(name));
}

function isSame(admin: Admin, one: string, other: string): boolean {
  return keptName(admin, one) === keptName(admin, other);
}

/** Takes back all of one grant. One that is gone meanwhile is taken back. */
export async function revoke(admin: Admin, grant: DatabaseGrant | ThingGrant): Promise<void> {
  const from = quoteAccount(grant.user, grant.host);
  const on =
    'kind' in grant
      ? `${grant.kind} ${quoteFound(grant.database)}.${quoteFound(grant.name)}`
      : quoteEverythingIn(grant.pattern);
  // each by its name: ALL would demand of the admin what neither it nor the login has
  if (grant.privileges.length > 0)
    await unlessGone(admin, `REVOKE ${grant.privileges.join(', ')} ON ${on} FROM ${from}`);
}

const GONE: ReadonlySet<number> = new Set([ERRNO.noSuchGrant, ERRNO.noSuchRoutineGrant, ERRNO.noSuchTableGrant]);

async function unlessGone({ main }: Admin, sql: string): Promise<void> {
  try {
    await main.query(sql);
  } catch (error) {
    if (!GONE.has(errnoOf(error) ?? 0)) throw error;
  }
}

/** `'shop'@'%' on shop\_x7k2p`, for evidence and refusals. */
export function describeGrant(grant: DatabaseGrant | ThingGrant): string {
  const on = 'kind' in grant ? `${grant.database}.${grant.name}` : grant.pattern;
  return `${describeAccount(grant)} on ${on}`;
}

/** `'shop'@'%'`; a role of MariaDB has no host. */
export function describeAccount({ user, host }: { user: string; host: string }): string {
  return host === '' ? user : `'${user}'@'${host}'`;
}
