// For tests alone: a running PostgreSQL as the suite wants it. Its hooks use the driver directly, not the engine.
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import { adminOf, type EngineServer, type TenantSession } from '../conformance';
import { CANARY } from './names';
import { quoteIdentifier, quoteLiteral } from './quote';

export interface LiveServer extends EngineServer {
  /** Runs a statement as the superuser, in `database` or in `postgres`. */
  asSuperuser(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Drops a role that owns nothing, if it is there, once no database that another file adopts lets it in by name. */
  dropRole(name: string): Promise<void>;
}

/** The server behind a superuser's URL. Opens nothing until a hook is called; connections of hooks close themselves. */
export function liveServer(superuserUrl: string): LiveServer {
  const admin = adminOf(superuserUrl);

  async function asSuperuser(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = await openClient({ ...admin, database });
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function dropRole(name: string): Promise<void> {
    await asSuperuser(`SET statement_timeout = '30s'; DO $$ BEGIN
      LOOP BEGIN
        DROP ROLE IF EXISTS ${quoteIdentifier(name)};
        EXIT;
      EXCEPTION WHEN dependent_objects_still_exist THEN PERFORM pg_sleep(0.05); END;
      END LOOP; END $$`);
  }

  return {
    admin,
    asSuperuser,
    dropRole,
    openTenant: async (database, login, password) => {
      return tenantSession(await openClient({ ...admin, database, username: login, password }));
    },
    makeForeignDatabase: async (name) => void (await asSuperuser(`CREATE DATABASE ${quoteIdentifier(name)}`)),
    makeForeignLogin: async (name, password, database) => {
      const role = quoteIdentifier(name);
      await asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD ${quoteLiteral(password.reveal())}`);
      await asSuperuser(`GRANT ALL ON SCHEMA public TO ${role}`, database);
    },
    dropForeign: async (name) => {
      await asSuperuser(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);
      await dropRole(name);
    },
    hasDatabase: async (name) => {
      return (await asSuperuser(`SELECT 1 FROM pg_database WHERE datname = ${quoteLiteral(name)}`)).length > 0;
    },
    hasLogin: async (name) => {
      return (await asSuperuser(`SELECT 1 FROM pg_roles WHERE rolname = ${quoteLiteral(name)}`)).length > 0;
    },
    charsets: {
      asked: { charset: 'LATIN1', collation: 'C' },
      alone: { charset: 'UTF8', collation: 'C' },
      word: 'übergröße',
      refused: [{ collation: 'tlh_QO.utf8' }, { collation: 'tlh-x-icu' }, { charset: 'EUC_JP', collation: 'C.UTF-8' }],
    },
    tracesOf: async (name) => {
      const found = await asSuperuser(
        `SELECT datname AS name FROM pg_database WHERE starts_with(datname, ${quoteLiteral(name)})
          UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, ${quoteLiteral(name)})`,
      );
      return found.map((row) => String(row.name));
    },
    letIntoCanary: async (login) => {
      await asSuperuser(`GRANT CONNECT ON DATABASE ${CANARY} TO ${quoteIdentifier(login)}`);
    },
    close: async () => undefined,
  };
}

/** A client of the driver's own, for what the engine must not be asked to do. Must be ended. */
export async function openClient(to: {
  host: string;
  port: number;
  database: string;
  username: string;
  password: Secret;
}): Promise<Client> {
  const { host, port, database, username, password } = to;
  const client = new Client({ host, port, database, user: username, password: password.reveal(), ssl: false });
  client.on('error', () => undefined); // the next query tells
  await client.connect();
  return client;
}

function tenantSession(client: Client): TenantSession {
  const insert = async (text: string, table = 'notes') => {
    await client.query(`INSERT INTO ${quoteIdentifier(table)} (text) VALUES ($1)`, [text]);
  };
  return {
    write: async (text, table = 'notes') => {
      await client.query(`CREATE TABLE IF NOT EXISTS ${quoteIdentifier(table)} (number serial, text text)`);
      await insert(text, table);
    },
    insert,
    read: async (table = 'notes') => {
      const sql = `SELECT text FROM ${quoteIdentifier(table)} ORDER BY number`;
      const found = await client.query<{ text: string }>(sql);
      return found.rows.map(({ text }) => text);
    },
    close: () => client.end(),
  };
}
