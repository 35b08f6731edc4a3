// What a tenant can have in a database of MariaDB.
import { createConnection, escapeId, escape as escapeText, type RowDataPacket } from 'mysql2/promise';
import type { Belongings } from './belongings';

/** Views, routines, triggers and events act as their definer, which is the login that makes them. */
const MADE = [
  "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_german1_ci COMMENT 'ours'",
  `CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, n INT, twice INT AS (n * 2) STORED, raw BLOB, note TEXT, CHECK (n > 0),
     KEY by_note (note(10)), FULLTEXT (note)) CHARACTER SET utf8mb4 COMMENT 'ours'`,
  `INSERT INTO orders (n, raw, note) WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
     SELECT n, 0x00ff, CONCAT('Gruß ', n) FROM numbers`,
  'ALTER TABLE orders AUTO_INCREMENT = 5000',
  'CREATE TABLE items (order_id INT, FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)',
  'CREATE TABLE parted (a INT) PARTITION BY HASH (a) PARTITIONS 2',
  'CREATE TABLE versioned (a INT) WITH SYSTEM VERSIONING',
  'CREATE TABLE seen (number INT)',
  'CREATE SEQUENCE numbers START WITH 5000',
  'CREATE TRIGGER seeing AFTER INSERT ON orders FOR EACH ROW INSERT INTO seen VALUES (NEW.id)',
  'CREATE VIEW totals AS SELECT COUNT(*) AS orders FROM orders',
  'CREATE SQL SECURITY INVOKER VIEW invoked AS SELECT id FROM orders',
  'CREATE FUNCTION total() RETURNS BIGINT READS SQL DATA RETURN (SELECT COUNT(*) FROM orders)',
  'CREATE PROCEDURE see(IN number INT) MODIFIES SQL DATA INSERT INTO seen VALUES (number)',
  "SET NAMES latin1, sql_mode = 'ANSI_QUOTES', time_zone = '+05:00'",
  `CREATE EVENT later ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00:00' ON COMPLETION PRESERVE COMMENT 'ours'
     DO INSERT INTO "seen" VALUES (1)`,
  `CREATE EVENT once ON SCHEDULE AT '2037-01-01 03:00:00' DO INSERT INTO "seen" VALUES (2)`,
  `CREATE EVENT asleep ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO "seen" VALUES (3)`,
  "INSERT INTO orders (n, note) VALUES (1, 'last')",
];

/** Without what a server counts anew, and when an event was altered: it is, to stop it. */
const INSIDE: Record<string, string> = {
  database: 'SELECT * FROM information_schema.schemata WHERE schema_name = ?',
  tables: `SELECT table_name, table_type, engine, create_options, table_collation, table_comment, create_time
    FROM information_schema.tables WHERE table_schema = ? ORDER BY 1`,
  columns: 'SELECT * FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position',
  indexes: `SELECT table_name, index_name, seq_in_index, column_name, sub_part, index_type, non_unique
    FROM information_schema.statistics WHERE table_schema = ? ORDER BY 1, 2, 3`,
  references: 'SELECT * FROM information_schema.referential_constraints WHERE constraint_schema = ? ORDER BY 3',
  checks: 'SELECT * FROM information_schema.check_constraints WHERE constraint_schema = ? ORDER BY 3, 4',
  parts: `SELECT table_name, partition_name, partition_method, partition_expression FROM information_schema.partitions
    WHERE table_schema = ? AND partition_name IS NOT NULL ORDER BY 1, 2`,
  views: 'SELECT * FROM information_schema.views WHERE table_schema = ? ORDER BY table_name',
  routines: 'SELECT * FROM information_schema.routines WHERE routine_schema = ? ORDER BY specific_name',
  parameters:
    'SELECT * FROM information_schema.parameters WHERE specific_schema = ? ORDER BY specific_name, ordinal_position',
  triggers: 'SELECT * FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY trigger_name',
  events: `SELECT event_name, definer, time_zone, event_definition, event_type, execute_at, interval_value, interval_field,
      sql_mode, starts, ends, status, on_completion, created, event_comment, character_set_client, collation_connection,
      database_collation FROM information_schema.events WHERE event_schema = ? ORDER BY 1`,
  grants: 'SELECT * FROM mysql.db WHERE ? LIKE Db ORDER BY Db, User, Host',
  table_grants:
    'SELECT User, Host, Table_name, Table_priv, Column_priv FROM mysql.tables_priv WHERE Db = ? ORDER BY 1, 2, 3',
  routine_grants: 'SELECT User, Host, Routine_name, Proc_priv FROM mysql.procs_priv WHERE Db = ? ORDER BY 1, 2, 3',
};
const LOGINS = `SELECT User, Host, JSON_REMOVE(Priv, '$.password_last_changed') AS rights
  FROM mysql.global_priv WHERE LEFT(User, CHAR_LENGTH(?)) = ? ORDER BY 1, 2`;

export const mysqlBelongings: Belongings = {
  async make(uri) {
    await ask(uri, ...MADE.map((sql): [string] => [sql]));
  },
  read: (uri) =>
    ask(uri, [
      `SELECT (SELECT BIT_XOR(CRC32(CONCAT_WS(',', id, n, twice, HEX(raw), note))) FROM orders) AS content, total() AS total,
        (SELECT orders FROM totals) AS viewed, (SELECT MAX(id) FROM invoked) AS last, (SELECT GROUP_CONCAT(number) FROM seen) AS seen,
        (SELECT next_not_cached_value FROM numbers) AS next, (SELECT COUNT(*) FROM orders WHERE MATCH (note) AGAINST ('last')) AS found`,
    ]),
  use: async (uri) => void (await ask(uri, ['CALL see(4711)'], ['SELECT total()'], ['SELECT NEXTVAL(numbers)'])),
  async makeOutsider(adminUrl, database) {
    const url = new URL(`/${database}`, adminUrl);
    [url.username, url.password] = [`outside_${database}`, 'of-the-operators'];
    const account = `${escapeText(url.username)}@'127.0.0.1'`;
    const pattern = escapeId(database.replaceAll('_', '\\_'), true);
    await ask(
      adminUrl,
      [`CREATE USER ${account} IDENTIFIED BY ${escapeText(url.password)}`],
      [`GRANT SELECT, SHOW VIEW ON ${pattern}.* TO ${account}`],
    );
    return { uri: url.href, close: async () => void (await ask(adminUrl, [`DROP USER ${account}`])) };
  },
  async describe(adminUrl, database, loginPrefixes) {
    const described: Record<string, unknown> = {};
    for (const [what, sql] of Object.entries(INSIDE)) described[what] = await ask(adminUrl, [sql, [database]]);
    const logins = loginPrefixes.map((prefix) => ask(adminUrl, [LOGINS, [prefix, prefix]]));
    return { ...described, logins: await Promise.all(logins) };
  },
};

/** One after another in one session; the rows of the last. */
async function ask(uri: string, ...statements: [sql: string, values?: string[]][]): Promise<RowDataPacket[]> {
  const client = await createConnection({ uri });
  try {
    let found: RowDataPacket[] = [];
    for (const [sql, values] of statements) {
      const [rows] = await client.query<RowDataPacket[]>(sql, values);
      found = rows;
    }
    return found;
  } finally {
    await client.end();
  }
}
