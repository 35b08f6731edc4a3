// What every login of a server is let into, or is taken for: grants to nobody in particular, and accounts without a name.
import type { Admin } from './admin';
import { describeAccount, isByName, listDatabaseGrants } from './grants';
import { CANARY, STORE } from './names';
import { quoteText } from './quote';
import { mysqlRules } from './rules';

export interface Openness {
  /** Patterns of databases that everybody may enter. */
  patterns: string[];
  /** In words for an operator: what has to go before tenants may come. */
  lacks: string[];
  /** What operators said may stay. */
  cannot: string[];
}

/** Looks for all of it. Changes nothing: whoever set a server up so may have had reasons. */
export async function observeOpenness(admin: Admin): Promise<Openness> {
  const grants = await listDatabaseGrants(admin, `User = '' OR (User = 'PUBLIC' AND Host = '')`);
  const patterns = [...new Set(grants.map(({ pattern }) => pattern))].sort();
  const staying = patterns.filter((pattern) => staysOpen(admin, pattern));
  const lacks = patterns.filter((pattern) => !staying.includes(pattern)).map(lackOfShutting);
  lacks.push(...(await anonymousAccounts(admin)), ...(await globalPublic(admin)), ...(await intruders(admin)));
  if (admin.mandatoryRoles !== '') lacks.push(lackOfMandatory(` ${admin.mandatoryRoles}`));
  const cannot = staying.map(
    (pattern) => `Keep the logins of this server out of the database ${pattern}, which stays open to all`,
  );
  return { patterns, lacks, cannot };
}

function staysOpen(admin: Admin, pattern: string): boolean {
  return listLeftOpen(admin).some((name) => isByName(admin, pattern, name));
}

/** The databases that operators let stay open to every login. */
export function listLeftOpen({ server }: Admin): string[] {
  return mysqlRules.openableDatabases.filter((name) => server.openDatabases?.includes(name));
}

/** A row for the user '' is read for every login; there may be no account to revoke it from. */
function lackOfShutting(pattern: string): string {
  return (
    `Everybody may enter databases called ${pattern} (DELETE FROM mysql.db WHERE User IN ('', 'PUBLIC') AND ` +
    `Db = ${quoteText(pattern)}; FLUSH PRIVILEGES)`
  );
}

/** From that host they come before 'shop'@'%', so that our logins would be taken for nobody. */
async function anonymousAccounts({ main }: Admin): Promise<string[]> {
  const accounts = await main.query<{ user: string; host: string }>(
    `SELECT User AS user, Host AS host FROM mysql.user WHERE User = '' ORDER BY Host`,
  );
  return accounts.map(
    (account) =>
      `The account ${describeAccount(account)} without a name catches logins of others (DROP USER ${describeAccount(account)})`,
  );
}

/** MariaDB 10.11 and later: what PUBLIC has on the whole server, everybody has. */
async function globalPublic({ isMariaDb, main }: Admin): Promise<string[]> {
  if (!isMariaDb) return [];
  const [row] = await main.query<{ access: string | null }>(
    `SELECT JSON_VALUE(Priv, '$.access') AS access FROM mysql.global_priv WHERE User = 'PUBLIC' AND Host = ''`,
  );
  if (row === undefined || row.access === null || row.access === '0') return [];
  return ['Everybody has rights on the whole server (REVOKE ALL PRIVILEGES ON *.* FROM PUBLIC)'];
}

/**
 * MySQL: any login may take such a role (SET ROLE ALL), also where none is active as it comes, and no table of grants tells of it.
 * Their names are for operators alone, and are left out of what tenants read.
 * https://dev.mysql.com/doc/refman/8.4/en/roles.html#mandatory-roles
 */
export function lackOfMandatory(names = ''): string {
  return `Every login has the mandatory roles${names}, and may what they may (SET PERSIST mandatory_roles = '')`;
}

/** Whoever writes there says what is Berth's. Those who were given every database, the server's own too, are admins. */
async function intruders(admin: Admin): Promise<string[]> {
  const grants = await listDatabaseGrants(
    admin,
    `'${STORE}' LIKE Db AND NOT 'mysql' LIKE Db AND NOT CURRENT_USER() = CONCAT(User, '@', Host) AND User <> ''`,
  );
  return grants.map(
    (grant) =>
      `${describeAccount(grant)} may enter Berth's own database ${STORE}, and no login may (its grant on ${grant.pattern})`,
  );
}

/** Whether a grant to everybody covers the canary, and with it whatever Berth makes. */
export function isOverCanary(admin: Admin): Promise<boolean> {
  const where = `'${CANARY}' LIKE Db AND (User = '' OR (User = 'PUBLIC' AND Host = ''))`;
  return listDatabaseGrants(admin, where).then((grants) => grants.length > 0);
}
