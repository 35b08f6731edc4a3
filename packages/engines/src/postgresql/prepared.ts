// Prepared transactions: they outlive their session, hold their locks for ever, and end only from inside their database.
import { type Admin, visit } from './admin';
import { quoteLiteral } from './quote';

/** Rolls back what was prepared in a database, or by a role in any database. Returns how many. Safe to repeat. */
export async function rollBackPrepared(admin: Admin, of: { database: string } | { owner: string }): Promise<number> {
  const [column, value] = 'database' in of ? ['database', of.database] : ['owner', of.owner];
  const found = await admin.main.query<{ gid: string; database: string }>(
    `SELECT gid, database FROM pg_prepared_xacts WHERE ${column}::text = $1`,
    [value],
  );
  for (const { gid, database } of found) {
    await visit(admin, database, (inside) => inside.query(`ROLLBACK PREPARED ${quoteLiteral(gid)}`));
  }
  return found.length;
}
