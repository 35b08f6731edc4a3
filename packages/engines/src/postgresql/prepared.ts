// Prepared transactions: they outlive their session, hold their locks for ever, and end only from inside their database.
import { type Admin, VERSION_WITH_GRANT_OPTIONS, visit } from './admin';
import type { Connection } from './connect';
import { onBehalfOf } from './membership';
import { quoteIdentifier, quoteLiteral } from './quote';

export interface Prepared {
  gid: string;
  database: string;
  owner: string;
}

/** Rolls back what was prepared in a database, by a role, or by a role in a database. Returns how many. Safe to repeat. */
export async function rollBackPrepared(admin: Admin, of: { database?: string; owner?: string }): Promise<number> {
  const { database = null, owner = null } = of;
  if (database === null && owner === null) return 0;
  const found = await admin.main.query<Prepared>(
    `SELECT gid, database, owner FROM pg_prepared_xacts
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
  for (const prepared of found) {
    await visit(admin, prepared.database, async (inside) => {
      await rollBack(admin, inside, prepared).catch(async (error: unknown) => {
        const left = await inside.query('SELECT 1 FROM pg_prepared_xacts WHERE gid = $1', [prepared.gid]);
        if (left.length > 0) throw error;
      });
    });
  }
  return found.length;
}

/** Only who prepared it may, or a superuser; and outside a transaction. */
async function rollBack(admin: Admin, inside: Connection, { gid, owner }: Prepared): Promise<void> {
  const deed = `ROLLBACK PREPARED ${quoteLiteral(gid)}`;
  if (admin.isSuperuser) return void (await inside.query(deed));
  const how = admin.version < VERSION_WITH_GRANT_OPTIONS ? 'MEMBER' : 'SET';
  const [may] = await inside.query<{ act: boolean }>('SELECT pg_has_role($1, $2) AS act', [owner, how]);
  const acting = [`SET ROLE ${quoteIdentifier(owner)}`, deed, 'RESET ROLE'];
  const statements = may?.act ? acting : onBehalfOf(admin, [owner], acting);
  for (const statement of statements) await inside.query(statement);
}
