// For tests alone: a running MySQL or MariaDB as the suite wants it. Its hooks use the driver directly, not the engine.
import type { Secret } from '@berth/core';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { adminOf, type EngineServer, type TenantSession } from '../conformance';
import { CANARY, STORE } from './names';
import { escapePattern, isText, quoteAccount, quoteEverythingIn, quoteName, quoteText } from './quote';

export interface LiveServer extends EngineServer {
  /** Runs a statement as the superuser, in no database. */
  asSuperuser(sql: string): Promise<Record<string, unknown>[]>;
}

/** The server behind a superuser's URL. Opens nothing until a hook is called; connections of hooks close themselves. */
export function liveServer(superuserUrl: string): LiveServer {
  const admin = adminOf(superuserUrl);

  async function asSuperuser(sql: string): Promise<Record<string, unknown>[]> {
    const client = await openClient(admin);
    try {
      return await rowsOf(client, sql);
    } finally {
      await client.end();
    }
  }

  return {
    admin,
    asSuperuser,
    openTenant: async (database, login, password) => {
      return tenantSession(await openClient({ ...admin, database, username: login, password }));
    },
    makeForeignDatabase: async (name) => void (await asSuperuser(`CREATE DATABASE ${quoteName(name)}`)),
    makeForeignLogin: async (name, password, database) => {
      await asSuperuser(`CREATE USER ${quoteAccount(name)} IDENTIFIED BY ${quoteText(password.reveal())}`);
      await asSuperuser(`GRANT ALL ON ${quoteEverythingIn(escapePattern(database))} TO ${quoteAccount(name)}`);
    },
    dropForeign: async (name) => {
      await asSuperuser(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
      await asSuperuser(`DROP USER IF EXISTS ${quoteAccount(name)}`);
    },
    hasDatabase: async (name) => {
      const sql = `SELECT 1 FROM information_schema.schemata WHERE ${isText('schema_name', name)}`;
      return (await asSuperuser(sql)).length > 0;
    },
    hasLogin: async (name) => {
      return (await asSuperuser(`SELECT 1 FROM mysql.user WHERE ${isText('User', name)}`)).length > 0;
    },
    charsets: {
      asked: { charset: 'latin1', collation: 'latin1_german2_ci' },
      alone: { charset: 'utf8mb4', collation: 'utf8mb4_bin' },
      word: 'übergröße',
      refused: [
        { collation: 'latin1_klingon_ci' },
        { charset: 'klingon' },
        { charset: 'latin1', collation: 'utf8mb4_bin' },
      ],
    },
    tracesOf: async (name) => {
      const found = await asSuperuser(
        `SELECT schema_name AS name FROM information_schema.schemata WHERE ${isText('schema_name', name)}
          UNION ALL SELECT name FROM ${STORE}.things WHERE ${isText('name', name)}`,
      );
      return found.map((row) => String(row.name));
    },
    letIntoCanary: async (login) => {
      await asSuperuser(`GRANT SELECT ON ${quoteEverythingIn(escapePattern(CANARY))} TO ${quoteAccount(login)}`);
    },
    close: async () => undefined,
  };
}

/** A client of the driver's own, for what the engine must not be asked to do. Must be ended. */
export async function openClient(to: {
  host: string;
  port: number;
  database?: string;
  username: string;
  password: Secret;
}): Promise<Connection> {
  const { host, port, database, username: user, password } = to;
  const client = await createConnection({
    host,
    port,
    ...(database !== undefined && { database }),
    user,
    password: password.reveal(),
    charset: 'utf8mb4',
  });
  client.on('error', () => undefined); // the next query tells
  return client;
}

/** What a statement answers; nothing for one that has no rows. */
export async function rowsOf(client: Connection, sql: string): Promise<Record<string, unknown>[]> {
  const [rows] = await client.query<RowDataPacket[]>(sql);
  return Array.isArray(rows) ? rows : [];
}

function tenantSession(client: Connection): TenantSession {
  const insert = async (text: string, table = 'notes') => {
    await client.query(`INSERT INTO ${quoteName(table)} (text) VALUES (${quoteText(text)})`);
  };
  return {
    write: async (text, table = 'notes') => {
      const columns = '(number SERIAL, text TEXT)';
      await client.query(`CREATE TABLE IF NOT EXISTS ${quoteName(table)} ${columns}`);
      await insert(text, table);
    },
    insert,
    read: async (table = 'notes') => {
      const rows = await rowsOf(client, `SELECT text FROM ${quoteName(table)} ORDER BY number`);
      return rows.map(({ text }) => String(text));
    },
    close: () => client.end(),
  };
}
