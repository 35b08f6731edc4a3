// Prepared transactions: they outlive their session, hold their locks for ever, and end only from inside their database.
import { type Admin, visit } from './admin';
import { quoteLiteral } from './quote';

interface Prepared {
  gid: string;
  database: string;
}

/** Rolls back what was prepared in a database, by a role, or by a role in a database. Returns how many. Safe to repeat. */
export async function rollBackPrepared(admin: Admin, of: { database?: string; owner?: string }): Promise<number> {
  const { database = null, owner = null } = of;
  if (database === null && owner === null) return 0;
  const found = await admin.main.query<Prepared>(
    `SELECT gid, database FROM pg_prepared_xacts
      WHERE database::text = coalesce($1, database::text) AND owner::text = coalesce($2, owner::text)`,
    [database, owner],
  );
  return rollBackFound(admin, found);
}

/** Names of what is prepared in a database: data that wait for their COMMIT PREPARED. */
export async function listPrepared(admin: Admin, database: string): Promise<string[]> {
  const found = await admin.main.query<{ gid: string }>(
    'SELECT gid FROM pg_prepared_xacts WHERE database::text = $1 ORDER BY prepared, gid',
    [database],
  );
  return found.map(({ gid }) => gid);
}

/** Rolls these back, each from inside its database; one that its tenant ended meanwhile is passed over. Returns how many. */
export async function rollBackFound(admin: Admin, found: Prepared[]): Promise<number> {
  for (const { gid, database } of found) {
    await visit(admin, database, async (inside) => {
      await inside.query(`ROLLBACK PREPARED ${quoteLiteral(gid)}`).catch(async (error: unknown) => {
        if ((await inside.query('SELECT 1 FROM pg_prepared_xacts WHERE gid = $1', [gid])).length > 0) throw error;
      });
    });
  }
  return found.length;
}
