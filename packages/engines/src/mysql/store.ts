// Berth's own database on the server: which databases and logins are Berth's, written down before they are made. Schema
// comments can be changed by whoever may ALTER; these tables by admins alone.
import { randomUUID } from 'node:crypto';
import { PlatformError } from '@berth/core';
import type { Admin } from './admin';
import { ERRNO, errnoOf } from './errors';
import { STORE } from './names';
import { isText, quoteText } from './quote';

export type ThingKind = 'database' | 'login';

/** `making` until the thing is there: such a row says nothing for what somebody else has made meanwhile. */
export type ThingState = 'making' | 'open' | 'shut';

export interface Thing {
  id: string;
  state: ThingState;
}

const COLUMNS = `(kind VARCHAR(10) NOT NULL, name VARCHAR(64) NOT NULL, id VARCHAR(64) NOT NULL,
  state VARCHAR(10) NOT NULL, PRIMARY KEY (kind, name))`;

/** Each is made only once; later ones are added here, never changed. */
const TABLES: Record<string, string> = {
  server: '(one TINYINT NOT NULL PRIMARY KEY, identity VARCHAR(64) NOT NULL, lock_secret VARCHAR(64) NOT NULL)',
  things: COLUMNS,
  holders: '(database_id VARCHAR(64) NOT NULL, login VARCHAR(64) NOT NULL, PRIMARY KEY (database_id, login))',
  others: '(database_id VARCHAR(64) NOT NULL PRIMARY KEY, grants MEDIUMTEXT NOT NULL)',
  events: '(database_id VARCHAR(64) NOT NULL, event VARCHAR(64) NOT NULL, PRIMARY KEY (database_id, event))',
};

/** Makes the database and its tables, and the server's identity in them. Safe to repeat, also by two at once. Throws
 * `server_unfit` where a database of that name is somebody else's. */
export async function ensureStore({ isMariaDb, main }: Admin): Promise<void> {
  const found = await main.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${STORE}'`,
  );
  const strange = found.map(({ name }) => name).filter((name) => !(name in TABLES));
  if (strange.length > 0) {
    throw new PlatformError('server_unfit', `The server has a database ${STORE} that is not Berth's`);
  }
  if (found.length < Object.keys(TABLES).length) {
    await main.query(`CREATE DATABASE IF NOT EXISTS ${STORE}`);
    // as safe from a crash as accounts and grants are: with innodb_flush_log_at_trx_commit off InnoDB is not, and MariaDB
    // keeps its own tables in Aria. A row that is lost would make what it names somebody else's
    const engine = isMariaDb ? 'Aria TRANSACTIONAL = 1' : 'InnoDB';
    for (const [name, columns] of Object.entries(TABLES)) {
      await main.query(
        `CREATE TABLE IF NOT EXISTS ${STORE}.${name} ${columns} ENGINE = ${engine} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      );
    }
  }
  await main.query(`INSERT IGNORE INTO ${STORE}.server VALUES (1, '${randomUUID()}', '${randomUUID()}')`);
}

/** Null where nothing was written down yet, or this admin may not read it. */
export async function findServerRow({ main }: Admin): Promise<{ identity: string; lockSecret: string } | null> {
  try {
    const [row] = await main.query<{ identity: string; lockSecret: string }>(
      `SELECT identity, lock_secret AS lockSecret FROM ${STORE}.server`,
    );
    return row ?? null;
  } catch (error) {
    if (UNREADABLE.has(errnoOf(error) ?? 0)) return null;
    throw error;
  }
}

const UNREADABLE: ReadonlySet<number> = new Set([
  ERRNO.noSuchDatabase,
  ERRNO.noSuchTable,
  ERRNO.tableRefused,
  ERRNO.databaseRefused,
]);

/** What is written down of a name; null for nothing. Throws `engine_refused` where Berth's own tables are gone. */
export async function findThing({ main }: Admin, kind: ThingKind, name: string): Promise<Thing | null> {
  const [row] = await main
    .query<Thing>(`SELECT id, state FROM ${STORE}.things WHERE kind = '${kind}' AND ${isText('name', name)}`)
    .catch((error: unknown) => {
      const errno = errnoOf(error);
      if (errno !== ERRNO.noSuchTable && errno !== ERRNO.noSuchDatabase) throw error;
      throw new PlatformError(
        'engine_refused',
        `Berth's own database ${STORE} is not on the server: a preflight makes it`,
      );
    });
  return row ?? null;
}

/** Everything that is written down of one kind, by name. */
export async function listThings({ main }: Admin, kind: ThingKind): Promise<Map<string, Thing>> {
  const rows = await main.query<Thing & { name: string }>(
    `SELECT name, id, state FROM ${STORE}.things WHERE kind = '${kind}'`,
  );
  return new Map(rows.map(({ name, id, state }) => [name, { id, state }]));
}

/** Writes a name down, whatever stood there before of a thing that is gone. */
export async function writeThing({ main }: Admin, kind: ThingKind, name: string, thing: Thing): Promise<void> {
  const { id, state } = thing;
  await main.query(
    `REPLACE INTO ${STORE}.things (kind, name, id, state)
     VALUES ('${kind}', ${quoteText(name)}, ${quoteText(id)}, '${state}')`,
  );
}

/** Strikes out what we wrote of a name; what another id wrote stays. */
export async function eraseThing({ main }: Admin, kind: ThingKind, name: string, id: string): Promise<void> {
  await main.query(
    `DELETE FROM ${STORE}.things WHERE kind = '${kind}' AND ${isText('name', name)} AND ${isText('id', id)}`,
  );
}

/** Lists beside a database: who held a grant on it when it was shut, and which of its events were disabled then. */
export type Kept = 'holders' | 'events';

const COLUMN_OF: Record<Kept, string> = { holders: 'login', events: 'event' };

export async function listKept({ main }: Admin, kept: Kept, databaseId: string): Promise<string[]> {
  const rows = await main.query<{ name: string }>(
    `SELECT ${COLUMN_OF[kept]} AS name FROM ${STORE}.${kept} WHERE ${isText('database_id', databaseId)} ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

export async function keep({ main }: Admin, kept: Kept, databaseId: string, names: string[]): Promise<void> {
  if (names.length === 0) return;
  const rows = names.map((name) => `(${quoteText(databaseId)}, ${quoteText(name)})`);
  await main.query(`INSERT IGNORE INTO ${STORE}.${kept} (database_id, ${COLUMN_OF[kept]}) VALUES ${rows.join(', ')}`);
}

export async function forgetKept({ main }: Admin, kept: Kept, databaseId: string): Promise<void> {
  await main.query(`DELETE FROM ${STORE}.${kept} WHERE ${isText('database_id', databaseId)}`);
}
