// What the double holds: databases with their collections, users, connections and what runs on them.
import { type Document, UUID } from 'bson';
import { CommandError } from './command-error';
import type { DefinedRole, RoleRef } from './roles';
import type { Conversation, Verifier } from './scram';

export interface User {
  /** New with every createUser: whoever is logged in as a dropped user of the same name is not this one. */
  userId: UUID;
  name: string;
  db: string;
  roles: RoleRef[];
  customData: Document;
  verifier: Verifier;
}

export interface Collection {
  uuid: UUID;
  documents: Document[];
  /** Those that were made, without that of `_id`. */
  indexes: Document[];
  /** As it was made with; a view has `viewOn`. */
  options: Document;
}

/** Something that takes time. */
export interface Operation {
  id: number;
  ns: string;
  /** Whether its client named a logical session: killAllSessions ends no other. */
  hasSession: boolean;
  kill(): void;
}

export interface Connection {
  id: number;
  appName: string;
  /** Who logged in on it; a look at the users decides whether that still means anything. */
  login: { userId: UUID; name: string; db: string } | null;
  conversation: Conversation | null;
  /** Whom the conversation is about, as the user was when it began. */
  claimed: Connection['login'];
  /** Whether the client wants the login to end without an empty exchange. */
  skipsEmptyExchange: boolean;
  operation: Operation | null;
}

export interface State {
  /** False for a server started without --auth: everybody may do everything. */
  hasAuthorization: boolean;
  /** False for a server that offers no logical sessions, so that drivers name none, as any client may. */
  hasSessions: boolean;
  databases: Map<string, Map<string, Collection>>;
  users: Map<string, User>;
  /** What operators defined themselves. */
  roles: Map<string, DefinedRole>;
  connections: Set<Connection>;
  connectionsMax: number;
  /** What one answer holds at most. */
  answerBytesMax: number;
  operations: number;
}

/** A server as it is when it has just been set up; `admin.system.version` is there on every one. */
export function newState(
  given: Pick<State, 'hasAuthorization' | 'connectionsMax' | 'hasSessions' | 'answerBytesMax'>,
): State {
  const version = new Map([['system.version', { uuid: new UUID(), documents: [], indexes: [], options: {} }]]);
  return {
    ...given,
    databases: new Map([['admin', version]]),
    users: new Map(),
    roles: new Map(),
    connections: new Set(),
    operations: 0,
  };
}

/** How users are told apart, and roles; a name may be in several databases. */
export function userKey(db: string, name: string): string {
  return `${db}.${name}`;
}

/** The user behind a connection, looked up anew: null once it was dropped, also where one of its name was made again. */
export function currentUser(state: State, connection: Connection): User | null {
  const { login } = connection;
  if (login === null) return null;
  const user = state.users.get(userKey(login.db, login.name));
  if (user?.userId.equals(login.userId)) return user;
  connection.login = null; // as the server does: the connection stays, and is nobody's
  return null;
}

/** 63 bytes, and characters that neither a file system nor a namespace takes. */
export function demandDatabaseName(name: string): void {
  if (name === '' || Buffer.byteLength(name) > 63 || /[/\\. "$\0]/.test(name)) {
    throw new CommandError('InvalidNamespace', `Invalid namespace specified '${name}'`);
  }
}

export function findCollection(state: State, db: string, collection: string): Collection | null {
  return state.databases.get(db)?.get(collection) ?? null;
}

/** The collection, made if it is not there, and its database with it. */
export function reachCollection(state: State, db: string, name: string, options: Document = {}): Collection {
  demandDatabaseName(db);
  if (name === '' || /[$\0]/.test(name)) throw new CommandError('InvalidNamespace', `Invalid collection name: ${name}`);
  const other = [...state.databases.keys()].find((each) => each !== db && each.toLowerCase() === db.toLowerCase());
  if (other !== undefined) {
    const message = `db already exists with different case already have: [${other}] trying to create [${db}]`;
    throw new CommandError('DatabaseDifferCase', message);
  }
  const database = state.databases.get(db) ?? new Map<string, Collection>();
  const collection = database.get(name) ?? { uuid: new UUID(), documents: [], indexes: [], options };
  database.set(name, collection);
  state.databases.set(db, database);
  return collection;
}

/** A database is there as long as one of its collections is. */
export function dropCollection(state: State, db: string, name: string): boolean {
  const database = state.databases.get(db);
  if (!database?.delete(name)) return false;
  if (database.size === 0) state.databases.delete(db);
  return true;
}
