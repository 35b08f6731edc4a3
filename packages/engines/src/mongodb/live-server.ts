// For tests alone: a running server as the suite wants it. Its hooks use the driver directly, not the engine.
import type { Secret } from '@berth/core';
import { type Document, MongoClient } from 'mongodb';
import { adminOf, type EngineServer, type TenantSession } from '../conformance';
import { CANARY, DATABASES, REGISTRY, registryKeyOf } from './names';

export interface LiveServer extends EngineServer {
  /** Runs a command as the admin. */
  asAdmin(database: string, command: Document): Promise<Document>;
}

/** The server behind an admin's URL. Opens nothing until a hook is called; connections of hooks close themselves. */
export function liveServer(adminUrl: string): LiveServer {
  const admin = adminOf(adminUrl);

  async function asAdmin(database: string, command: Document): Promise<Document> {
    const client = await openClient(admin);
    try {
      return await client.db(database).command(command);
    } finally {
      await client.close();
    }
  }

  return {
    admin,
    asAdmin,
    openTenant: async (database, login, password) => {
      const client = await openClient({ ...admin, username: login, password });
      try {
        await client.db(database).command({ find: 'notes', limit: 1, singleBatch: true }); // the server asks for a right only now
        return tenantSession(client, database);
      } catch (error) {
        await client.close();
        throw error;
      }
    },
    makeForeignDatabase: async (name) => void (await asAdmin(name, { create: 'theirs' })),
    makeForeignLogin: async (name, password, database) => {
      const roles = [{ role: 'readWrite', db: database }];
      await asAdmin('admin', { createUser: name, pwd: password.reveal(), roles, mechanisms: ['SCRAM-SHA-256'] });
    },
    dropForeign: async (name) => {
      await asAdmin(name, { dropDatabase: 1 });
      await asAdmin('admin', { dropUser: name }).catch(() => undefined); // most have no login
    },
    hasDatabase: async (name) => {
      const { databases } = await asAdmin('admin', { listDatabases: 1, nameOnly: true });
      return databases.some((database: Document) => database.name === name);
    },
    hasLogin: async (name) => (await asAdmin('admin', { usersInfo: name })).users.length > 0,
    tracesOf: async (name) => {
      const { databases } = await asAdmin('admin', { listDatabases: 1, nameOnly: true });
      const { cursor } = await asAdmin(REGISTRY, { find: DATABASES, filter: { _id: registryKeyOf(name) } });
      const found: Document[] = [
        ...databases.filter((database: Document) => database.name === name),
        ...cursor.firstBatch,
      ];
      return found.map((each) => String(each.name));
    },
    letIntoCanary: async (login) => {
      await asAdmin('admin', { grantRolesToUser: login, roles: [{ role: 'read', db: CANARY }] });
    },
    close: async () => undefined,
  };
}

/** A client of the driver's own, for what the engine must not be asked to do. Must be closed. */
export async function openClient(
  to: { host: string; port: number; username: string; password: Secret },
  authSource = 'admin',
): Promise<MongoClient> {
  const client = new MongoClient(`mongodb://${to.host}:${to.port}/`, {
    auth: { username: to.username, password: to.password.reveal() },
    authSource,
    directConnection: true,
    maxPoolSize: 1,
    retryReads: false,
    retryWrites: false,
  });
  try {
    return await client.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
}

function tenantSession(client: MongoClient, database: string): TenantSession {
  const db = client.db(database);
  const insert = async (text: string, table = 'notes') => void (await db.collection(table).insertOne({ text }));
  return {
    write: insert, // the first document makes the collection
    insert,
    read: async (table = 'notes') => {
      const found = await db
        .collection(table)
        .find({}, { sort: { _id: 1 } })
        .toArray();
      return found.map(({ text }) => String(text));
    },
    close: () => client.close(),
  };
}
