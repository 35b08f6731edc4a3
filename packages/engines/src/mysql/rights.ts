// What the admin itself was given on the whole server, asked and not tried.
import type { Admin } from './admin';
import { ERRNO, errnoOf } from './errors';
import { GRANTABLE } from './privileges';

export interface Rights {
  /** What this admin cannot do that Berth needs, in words for an operator. */
  lacks: string[];
  /** What it cannot do that Berth does without. */
  cannot: string[];
  /** Whether it may write an event or view in somebody else's name. */
  canNameDefiners: boolean;
}

/** Reads the admin's grants on `*.*`, those of its active roles included. */
export async function observeRights(admin: Admin): Promise<Rights> {
  const given = await listGlobal(admin);
  const has = (...names: string[]) => names.some((name) => given.has(name) || given.has('ALL PRIVILEGES'));
  const lacks: string[] = [];
  if (!has('CREATE USER')) lacks.push('The admin may not make logins (CREATE USER on *.*)');
  if (!has('PROCESS')) lacks.push("The admin may not see other logins' sessions (PROCESS on *.*)");
  if (!has('CONNECTION ADMIN', 'CONNECTION_ADMIN', 'SUPER')) {
    lacks.push(
      `The admin may not end other logins' sessions (${admin.isMariaDb ? 'CONNECTION ADMIN' : 'CONNECTION_ADMIN'} on *.*)`,
    );
  }
  const missing = GRANTABLE.filter((name) => !has(name));
  if (missing.length > 0) lacks.push(`The admin lacks ${missing.join(', ')} on *.*, which it is to give to logins`);
  if (!given.has(GRANT_OPTION)) lacks.push('The admin may not give to logins what it may (WITH GRANT OPTION on *.*)');
  // without it MySQL refuses to drop a login that is the definer of something (error 4006)
  if (!admin.isMariaDb && !has('SET_USER_ID', 'ALLOW_NONEXISTENT_DEFINER')) {
    lacks.push(
      'The admin may not drop logins that are definers (ALLOW_NONEXISTENT_DEFINER, before 8.2 SET_USER_ID, on *.*)',
    );
  }
  if (!(await canReadGrants(admin))) lacks.push('The admin may not read who was given what (SELECT on mysql.*)');
  const canNameDefiners = has('SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER', 'SUPER');
  return { lacks, cannot: canNameDefiners ? [] : [CANNOT_DISABLE], canNameDefiners };
}

/** Of these privileges, those that this admin can neither give nor take, having them not itself. */
export async function listBeyond(admin: Admin, privileges: string[]): Promise<string[]> {
  const given = await listGlobal(admin);
  if (given.has('ALL PRIVILEGES')) return [];
  return [...new Set(privileges)].filter((name) => !given.has(name));
}

const GRANT_OPTION = 'GRANT OPTION';
const CANNOT_DISABLE =
  'Disable the events of a database that is shut: they start, are refused everything, and fill the error log';

/** `GRANT SELECT, CREATE USER ON *.* TO …`: the words before ON, of each line that speaks of the whole server. */
async function listGlobal(admin: Admin): Promise<Set<string>> {
  const [row] = await admin.main.query<{ role: string | null }>('SELECT CURRENT_ROLE() AS role');
  const hasRole = row?.role !== null && row?.role !== undefined && row.role !== 'NONE';
  // MariaDB tells a role's grants with the user's; MySQL when it is asked to, and names roles as it wants them quoted
  const using = hasRole && !admin.isMariaDb ? ` FOR CURRENT_USER() USING ${row.role}` : '';
  const lines = await admin.main.query<Record<string, unknown>>(`SHOW GRANTS${using}`);
  const given = new Set<string>();
  for (const line of lines.map((each) => String(Object.values(each)[0]))) {
    const [, words] = /^GRANT (.+?) ON \*\.\* TO /.exec(line) ?? [];
    for (const word of words?.split(', ') ?? []) given.add(word);
    if (words !== undefined && line.endsWith('WITH GRANT OPTION')) given.add(GRANT_OPTION);
  }
  return given;
}

const GRANT_TABLES = ['user', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'proxies_priv'];

async function canReadGrants({ isMariaDb, main }: Admin): Promise<boolean> {
  const ofRoles = isMariaDb ? ['roles_mapping', 'global_priv'] : ['role_edges'];
  try {
    for (const table of [...GRANT_TABLES, ...ofRoles]) await main.query(`SELECT 1 FROM mysql.${table} LIMIT 1`);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === ERRNO.tableRefused || errno === ERRNO.databaseRefused) return false;
    throw error;
  }
}
