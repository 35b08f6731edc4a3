// What a create left on a MariaDB server, read from the server's own tables; and taking all of it away again.
import type { Secret } from '@berth/core';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { PREFIX, type ServerReading } from '../bench-engine';

type Ask = (sql: string, values?: string[]) => Promise<Record<string, unknown>[]>;

/** The version, and what makes a commit last: InnoDB's log is flushed with each, and no page is torn by a power cut. */
export async function readServer(serverUrl: Secret): Promise<ServerReading> {
  const [row = {}] = await withServer(serverUrl, (ask) =>
    ask(`SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS innodb_flush_log_at_trx_commit,
                @@innodb_doublewrite AS innodb_doublewrite`),
  );
  const { version, ...settings } = row;
  const durability = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  return {
    version: String(version),
    durability,
    isDurable: Object.values(durability).every((value) => ['1', 'ON'].includes(value)),
  };
}

/** The database and what is in it, its login, its grants, and what Berth wrote down of them. */
export function describeMade(serverUrl: Secret, name: string): Promise<string> {
  return withServer(serverUrl, async (ask) => {
    const found: Record<string, unknown> = {};
    for (const [what, sql] of Object.entries(LEFT)) found[what] = await ask(sql, [name]);
    return JSON.stringify(found, null, 2);
  });
}

const LEFT = {
  databases: `SELECT schema_name, default_character_set_name, default_collation_name
                FROM information_schema.schemata WHERE schema_name = ?`,
  tables: 'SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1',
  accounts: 'SELECT * FROM mysql.user WHERE User = ? ORDER BY Host',
  grants: 'SELECT * FROM mysql.db WHERE User = ? ORDER BY Host, Db',
  table_grants: `SELECT Host, Db, User, Table_name, Table_priv, Column_priv FROM mysql.tables_priv
                  WHERE User = ? ORDER BY Host, Db, Table_name`,
  written_down: 'SELECT kind, name, id, state FROM berth.things WHERE name = ? ORDER BY kind',
};

/** Drops whatever begins with PREFIX, and what Berth wrote down of it. */
export function dropMade(serverUrl: Secret): Promise<void> {
  return withServer(serverUrl, async (ask) => {
    const like = [`${PREFIX.replaceAll('_', '\\_')}%`];
    const named = async (sql: string) => (await ask(sql, like)).map(({ name }) => quoted(String(name)));
    for (const name of await named(
      'SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE ?',
    )) {
      await ask(`DROP DATABASE ${name}`);
    }
    for (const name of await named(`SELECT User AS name FROM mysql.user WHERE User LIKE ? AND Host = '%'`)) {
      await ask(`DROP USER ${name}@'%'`);
    }
    await ask('DELETE FROM berth.things WHERE name LIKE ?', like);
  });
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

async function withServer<T>(serverUrl: Secret, deed: (ask: Ask) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri: serverUrl.reveal() });
  try {
    return await deed(async (sql, values = []) => {
      const [rows] = await connection.query<RowDataPacket[]>(sql, values);
      return Array.isArray(rows) ? rows : [];
    });
  } finally {
    await connection.end();
  }
}
