// What a login is entitled to as the server's own tables say it, where it could not be tried.
import type { LoginRef } from '../contract';
import type { Admin } from './admin';
import { isMatched, listDatabaseGrants } from './grants';
import { isAccount, isText } from './quote';

/** Whether no grant lets the login into the database, by its name, by a pattern, or as everybody. */
export async function isShutByGrants(admin: Admin, database: string, login: LoginRef): Promise<boolean> {
  const whose = `(${isText('User', login.name)} OR User = '' OR (User = 'PUBLIC' AND Host = ''))`;
  return (await listDatabaseGrants(admin, `${whose} AND ${isMatched(admin, database)}`)).length === 0;
}

/** Whether the login is locked, or is not there at all. */
export async function isLocked(admin: Admin, login: LoginRef): Promise<boolean> {
  const [table, locked] = admin.isMariaDb
    ? ['mysql.global_priv', `JSON_VALUE(Priv, '$.account_locked') IN ('1', 'true')`]
    : ['mysql.user', `account_locked = 'Y'`];
  const rows = await admin.main.query<{ locked: number | null }>(
    `SELECT ${locked} AS locked FROM ${table} WHERE ${isAccount(login.name)}`,
  );
  return rows.length === 0 || rows.some((row) => Number(row.locked) === 1);
}
