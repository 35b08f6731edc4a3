// What tenants of MariaDB may do with the rights of an owner.
import { createHash } from 'node:crypto';
import { createConnection, escapeId } from 'mysql2/promise';
import { GONE, type Misdeed } from './misdeeds';

export const mysqlMisdeeds: Misdeed[] = [
  atOnce('drops its database and makes it again', ({ database }) => [
    ...[`DROP DATABASE ${database}`, `CREATE DATABASE ${database}`, `USE ${database}`],
    ...['CREATE TABLE kept (number SERIAL, text VARCHAR(200))', "INSERT INTO kept (text) VALUES ('first')"],
  ]),
  atOnce('has a view where its role is tried', ({ check }) => [`CREATE VIEW ${check} AS SELECT 1 AS written`]),
  atOnce('has views upon a view whose table is gone', () => [
    'CREATE TABLE lowest (a INT)',
    'CREATE VIEW low AS SELECT a FROM lowest',
    'CREATE VIEW high AS SELECT one.a FROM low one JOIN low other',
    'DROP TABLE lowest',
  ]),
  atOnce('has an event that writes each second', () => [
    'CREATE TABLE ticks (a INT)',
    'CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (1)',
  ]),
  whileIn('locks its tables and stays', ['LOCK TABLES kept WRITE']),
  whileIn('keeps a transaction open that wrote', ['BEGIN', "INSERT INTO kept (text) VALUES ('never')"]),
  whileIn('makes a table that takes a minute', [], 'CREATE TABLE slow AS SELECT SLEEP(60) AS a'),
  whileIn('sets another password again and again', [], "SET PASSWORD = PASSWORD('evil')"),
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
function whileIn(title: string, statements: string[], again?: string): Misdeed {
  return {
    title,
    async commit(uri) {
      const client = await createConnection({ uri });
      client.on('error', () => undefined); // it is thrown out
      for (const sql of statements) await client.query(sql);
      let isIn = true;
      const loop = (async () => {
        while (isIn && again !== undefined) await client.query(again);
      })().catch(() => undefined); // refused once it is out
      return {
        isOut: () =>
          client.query('SELECT 1').then(
            () => false,
            () => true,
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
