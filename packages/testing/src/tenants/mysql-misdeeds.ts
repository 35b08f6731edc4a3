// What tenants of MariaDB may do with the rights of an owner.
import { createHash } from 'node:crypto';
import { createConnection, escapeId, type RowDataPacket } from 'mysql2/promise';
import { eventually } from '../eventually';
import { GONE, type Misdeed } from './misdeeds';

const SLOW = 'CREATE TABLE slow AS SELECT SLEEP(60) AS a';

export const mysqlMisdeeds: Misdeed[] = [
  atOnce('drops its database and makes it again', ({ database }) => [
    ...[`DROP DATABASE ${database}`, `CREATE DATABASE ${database}`, `USE ${database}`],
    ...['CREATE TABLE kept (number SERIAL, text VARCHAR(200))', "INSERT INTO kept (text) VALUES ('first')"],
  ]),
  atOnce('has a view where its role is tried', ({ check }) => [
    `CREATE OR REPLACE VIEW ${check} AS SELECT 1 AS written`,
  ]),
  atOnce('has views upon a view whose table is gone', () => [
    'CREATE TABLE lowest (a INT)',
    'CREATE OR REPLACE VIEW low AS SELECT a FROM lowest',
    'CREATE OR REPLACE VIEW high AS SELECT one.a FROM low one JOIN low other',
    'DROP TABLE lowest',
  ]),
  atOnce('has an event that writes each second', () => [
    'CREATE TABLE IF NOT EXISTS ticks (a INT)',
    'CREATE EVENT IF NOT EXISTS tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (1)',
  ]),
  whileIn('locks its tables and stays', ['LOCK TABLES kept WRITE']),
  whileIn('keeps a transaction open that wrote', ['BEGIN', "INSERT INTO kept (text) VALUES ('never')"]),
  whileIn('makes a table that takes a minute', [], { sql: SLOW, isLong: true }),
  whileIn('sets another password again and again', [], { sql: "SET PASSWORD = PASSWORD('evil')", isLong: false }),
];

/** By the rule that any tenant may read; written anew, so that another rule is noticed. */
function checkTableOf(credentialId: string): string {
  return `berth_check_${createHash('sha256').update(credentialId).digest('hex').slice(0, 24)}`;
}

interface Place {
  database: string;
  /** The table that Berth makes to try the role of the login. */
  check: string;
}

/** Statements one after another, and it is gone. */
function atOnce(title: string, statements: (place: Place) => string[]): Misdeed {
  return {
    title,
    async commit(uri, credentialId) {
      const client = await createConnection({ uri });
      const database = escapeId(decodeURIComponent(new URL(uri).pathname.slice(1)), true);
      try {
        for (const sql of statements({ database, check: checkTableOf(credentialId) })) await client.query(sql);
      } finally {
        await client.end();
      }
      return GONE;
    },
  };
}

/** Stays inside afterwards, and repeats `again` until it is thrown out. */
function whileIn(title: string, statements: string[], again?: { sql: string; isLong: boolean }): Misdeed {
  return {
    title,
    async commit(uri, _credentialId, adminUrl) {
      const client = await createConnection({ uri });
      client.on('error', () => undefined); // it is thrown out
      for (const sql of statements) await client.query(sql);
      let isIn = true;
      let loop: Promise<unknown> = Promise.resolve();
      if (again !== undefined) {
        const { sql, isLong } = again;
        const first = client.query(sql);
        loop = (async () => {
          for (await first; isIn; await client.query(sql));
        })().catch(() => undefined); // refused once it is out
        await (isLong ? Promise.race([first, isRunning(adminUrl, client.threadId, sql)]) : first);
      }
      return {
        isOut: () =>
          client.query('SELECT 1').then(
            () => false,
            (error) => isClosed(error) || Promise.reject(error),
          ),
        async stop() {
          isIn = false;
          client.destroy();
          await loop;
        },
      };
    },
  };
}

/** Whether the connection is what failed: closed under it, or by the server as it was told. */
function isClosed(error: unknown): boolean {
  const ER_CONNECTION_KILLED = 1927;
  return Reflect.get(Object(error), 'fatal') === true || Reflect.get(Object(error), 'errno') === ER_CONNECTION_KILLED;
}

async function isRunning(adminUrl: string, threadId: number, sql: string): Promise<void> {
  const admin = await createConnection({ uri: adminUrl });
  const look = 'SELECT 1 FROM information_schema.processlist WHERE id = ? AND info = ?';
  const isSeen = async () => (await admin.query<RowDataPacket[]>(look, [threadId, sql]))[0].length > 0;
  await eventually(isSeen, { what: `${sql} to run` }).finally(() => admin.end());
}
