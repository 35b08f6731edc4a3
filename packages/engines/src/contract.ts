// What an engine is to the rest of Berth. Verbs are observe, ensure, remove: each may be called twice with one result.
// Names and passwords are decided and stored before an engine hears of them. Evidence is what was seen, without secrets.
import type { EngineName, Role, Secret, TlsMode } from '@berth/core';
import type {
  AccessEvidence,
  AdoptionEvidence,
  Details,
  EntryEvidence,
  GrantEvidence,
  IsolationEvidence,
  LimitEvidence,
  LoginEvidence,
  LoginRemovalEvidence,
  PasswordEvidence,
  PreparationEvidence,
  RefusalEvidence,
  RemovalEvidence,
  SessionsEvidence,
  UngrantEvidence,
} from './evidence';
import type { SeenAccess, SeenDatabase } from './seen';

export type * from './evidence';
export type { SeenAccess, SeenDatabase, SeenDoor, SeenGrant, SeenLogin } from './seen';

/** What a step tells: the evidence of one deed (evidence.ts) or of several. Never a secret, never a verifier. */
export type Evidence = Record<string, Details[string] | Details>;

export interface ServerAddress {
  host: string;
  port: number;
  tls: TlsMode;
  /** PEM, one certificate or several: with `verify-full` these CAs count and no others. Left out or null: those of Node.js. */
  caCertificate?: string | null;
}

export interface ServerAdmin extends ServerAddress {
  username: string;
  password: Secret;
  /** System databases that operators let stay open to every login of the server. Left out: none. */
  openDatabases?: string[];
}

/** `id` is Berth's id and becomes the marker on the server; `name` is the engine name. Marked things are ours alone. */
export interface DatabaseRef {
  id: string;
  name: string;
}

export interface LoginRef {
  id: string;
  name: string;
}

export interface DatabaseSpec extends DatabaseRef {
  connectionsMax: number;
  /** Heeded where the database is made, and never again. Left out: UTF-8, or that of the collation. */
  charset?: string;
  /** Likewise. Left out: the server's own for the character set. */
  collation?: string;
}

export interface LoginSpec extends LoginRef {
  /** In all its databases together. Left out: as it is, or without a limit of its own where the login is made. */
  connectionsMax?: number;
}

export interface DatabaseFacts {
  charset: string;
  collation: string;
  sizeBytes: number;
}

export interface ServerFacts {
  /** The same for every address that leads to this server, different for every other one. */
  identity: string;
  version: string;
  connectionsMax: number;
  /** What this admin cannot do that Berth needs, in words for an operator; empty when it is fit. */
  lacks: string[];
  /** What it cannot do that Berth does without, in such words; empty for a superuser. */
  cannot: string[];
}

/** `free`: nothing has the name. `ours`: it bears our marker. `foreign`: somebody else's; it must not be touched. */
export type Ownership = 'free' | 'ours' | 'foreign';

export interface OpenOptions {
  /**
   * Milliseconds the caller may still act on this server (what is left of its hold, less a margin). Asked before every
   * statement: at or below zero the statement is not sent and `claim_lost` is thrown; it also bounds the statement.
   */
  leftMs(): number;
}

export interface Engine {
  name: EngineName;
  /**
   * Opens an admin session; it must be closed. Throws `server_unreachable` (no route, refused, starting up, shutting
   * down), `server_busy` (no connection left), `admin_refused` (login or rights of the admin), `tls_failed` (the server's
   * certificate does not verify; TLS is demanded by one side, and not spoken by the other).
   */
  open(admin: ServerAdmin, options: OpenOptions): Promise<EngineSession>;
}

/** One verb at a time: a session is one connection. */
export interface EngineSession {
  /**
   * Takes the engine-side lock named after a database or server, until close. Whoever else holds it (a worker whose
   * claim ran out, perhaps frozen) loses its session, and with it the power to change anything. Safe to repeat.
   */
  lock(key: string): Promise<void>;

  observeServer(): Promise<ServerFacts>;
  /** Shuts the system databases to everybody, but for those that stay open, and makes the canary database. Safe to
   * repeat. Throws `server_unfit`. */
  ensureServerPrepared(): Promise<PreparationEvidence>;

  /** Every database of the server but its own and the canary, by name, in a few statements however many there are. */
  observeDatabases(): Promise<SeenDatabase[]>;

  /** Whom the server lets in where, by its own tables: the same few statements however much there is. */
  observeAccess(): Promise<SeenAccess>;

  observeDatabase(database: DatabaseRef): Promise<Ownership>;
  observeLogin(login: LoginRef): Promise<Ownership>;

  /** Makes the database, shut to everyone but its own logins. Throws `taken_on_server` when the name is foreign,
   * `charset_refused` for a character set or collation that the server does not have, and then leaves nothing behind. */
  ensureDatabase(database: DatabaseSpec): Promise<DatabaseFacts>;
  /**
   * Makes somebody else's database ours, with all that is in it; who could enter and use it still can, by name and no more as
   * one of everybody. `former` are ids whose mark may be on it. Safe to repeat. Throws `not_found` where there is none,
   * `taken_on_server` where it bears another mark, `admin_refused` or `engine_refused` where it cannot be done, and then nothing is changed.
   */
  ensureAdopted(database: DatabaseSpec, former: string[]): Promise<AdoptionEvidence>;
  /** Makes the login, or sets its password and unlocks it. Throws `taken_on_server` when the name is foreign. */
  ensureLogin(login: LoginSpec, password: Secret): Promise<LoginEvidence>;
  /**
   * Gives the login this role in this database, and no other: a role it had there is changed in place. `owner` makes and
   * changes everything inside; `readwrite` reads and writes the data of all tables, also of those that any owner makes
   * later, and makes nothing (but see `writersMakeTables`); `readonly` reads the same. Whoever is given less than it had loses its sessions there and
   * whatever it owned or was given by name. Throws `engine_refused` when either does not exist, `taken_on_server` when foreign.
   */
  ensureGrant(database: DatabaseRef, login: LoginRef, role: Role): Promise<GrantEvidence>;
  /** Sets the password of a login that exists; grants stay, and so does its lock. Throws `engine_refused` when it does
   * not exist, `taken_on_server` when it is foreign. */
  ensurePassword(login: LoginRef, password: Secret): Promise<PasswordEvidence>;

  /** Lets the login have this many connections in all its databases together; a null in the evidence where the engine has no
   * such limit. Throws as `ensurePassword` does. */
  ensureLoginLimit(login: LoginRef, connectionsMax: number): Promise<LimitEvidence>;

  /**
   * Ends every session of these logins and, if given, every session in this database, and looks again, twice, at least
   * 250 ms apart, until both looks see none. Throws `sessions_remain`.
   */
  endSessions(target: { logins: LoginRef[]; database?: DatabaseRef }): Promise<SessionsEvidence>;

  /**
   * Takes every way in: of the database every grant and CONNECT, of the logins named the login itself. Data stay. Not
   * there is success. `ensureDatabase`, `ensureLogin` and `ensureGrant` give back what was taken.
   */
  removeAccess(target: { database?: DatabaseRef; logins: LoginRef[] }): Promise<AccessEvidence>;
  /**
   * Takes one login out of one database: its role, its sessions there (but see `sessionsReachOthers`), what it prepared; what
   * it owned is the database's. The login and its other databases are not touched. Not there is success. Throws `sessions_remain`.
   */
  removeGrant(database: DatabaseRef, login: LoginRef): Promise<UngrantEvidence>;
  /** Drops the database and what hangs on it (prepared transactions, slots, subscriptions). Not there is success; a
   * foreign database of that name is left alone and counts as not there. What only it needed and could not be dropped now
   * is named in `left`: the data are gone all the same, and the next call tries it again. */
  removeDatabase(database: DatabaseRef): Promise<RemovalEvidence>;
  /** Drops the login after giving what it owns, in any database, to that database's owner. Not there is success. */
  removeLogin(login: LoginRef): Promise<LoginRemovalEvidence>;

  /**
   * Logs in as the tenant would and tries its role: an owner makes a table and writes; a writer is refused making anything,
   * and a reader writing too, wherever there is a table to try. What the owner of that table took back from it is told in
   * `lacks`. Leaves nothing behind. Throws `login_check_failed`.
   */
  proveLogin(database: DatabaseRef, login: LoginRef, password: Secret, role: Role): Promise<EntryEvidence>;
  /**
   * Logs in likewise and throws `login_check_failed` only where the login is refused, or has another role here. What it cannot
   * do by its tenant's own doing (settings, dropped schemas, triggers, connections used up) is told in `lacks`.
   */
  proveEntry(database: DatabaseRef, login: LoginRef, password: Secret, role: Role): Promise<EntryEvidence>;
  /** Tries the login and expects to be refused for its password or its lock. Throws `login_check_failed` if let in. */
  proveRefused(database: DatabaseRef, login: LoginRef, password: Secret): Promise<RefusalEvidence>;
  /** Tries the login on the canary and on every system database and expects refusals, but by those that stay open. Throws
   * `not_isolated`. */
  proveIsolation(login: LoginRef, password: Secret): Promise<IsolationEvidence>;

  close(): Promise<void>;
}

/** What a client needs to know to log in. */
export interface ConnectionFacts {
  host: string;
  port: number;
  tls: TlsMode;
  username: string;
  password: Secret;
  database: string;
}

/** What an engine has and another lacks. Whoever must know asks these, and never an engine's name. */
export interface Capabilities {
  /** Whether a database is there as soon as it is made, or only once something is written. */
  emptyDatabases: boolean;
  /** Whether a database has a character set and a collation of its own. */
  charset: boolean;
  /** Whether a database has a limit of connections of its own; where not, those of its logins hold alone. */
  databaseConnectionLimit: boolean;
  /** Whether a login has a limit of connections; where not, `connectionsMax` is heard and nothing comes of it. */
  loginConnectionLimit: boolean;
  /**
   * Whether an open session goes on with the rights it had, until it is ended. Where not, rights are looked up anew for each
   * statement, and a session that does nothing cannot be ended: it counts as gone once its login has no rights, and then it
   * is, for good. `endSessions` throws `sessions_remain` for those of a login that still has some.
   */
  sessionsKeepRights: boolean;
  /** Whether an open session is in a database; where not, those of its users are counted as sessions of a database. */
  sessionsInDatabase: boolean;
  /**
   * Whether an open session may be at work in every database of its login. Where so, and where it keeps its rights, a login that
   * loses one database, or a part of its role there, loses its sessions in the others too.
   */
  sessionsReachOthers: boolean;
  /** Whether whoever may write makes tables too, by writing to them. */
  writersMakeTables: boolean;
}

/** What a database may keep text in. */
export interface CharsetRules {
  /** Those that servers of the engine have, spelt as they are shown. */
  charsets: string[];
  /** The one that is meant by any spelling of its name; null for none. */
  findCharset(asked: string): string | null;
  /** Whether a collation may have such a name; whether there is one, its server alone knows. */
  canBeCollation(name: string): boolean;
  /** The character set that a collation says it is of; null where its name does not tell. */
  charsetOfCollation(name: string): string | null;
}

/** What an engine lets a thing be called, and how its ecosystem writes a URL. Pure: it needs no server and no driver. */
export interface EngineRules {
  capabilities: Capabilities;
  /** Null where `capabilities.charset` is false. */
  charsets: CharsetRules | null;
  databaseNameBytesMax: number;
  loginNameBytesMax: number;
  /** The port where a URL names none. */
  defaultPort: number;
  /** How an admin URL begins: `postgres:`. The first is the one to show. */
  urlProtocols: string[];
  /** How a URL of this ecosystem asks for each mode: `sslmode=require`. One that asks for none means `disable`. */
  tlsSettings: Record<TlsMode, string>;
  /** What its URLs may say as well, because Berth does it so in any case: `authSource=admin`. */
  otherSettings: string[];
  /** Whether neither a database nor a login may bear this name, in any spelling of upper and lower case. */
  isReserved(name: string): boolean;
  /** Whether this is one of the engine's own databases, or the canary. */
  isSystemDatabase(name: string): boolean;
  /** The engine's own databases that may stay open to every login where nobody can shut them. */
  openableDatabases: string[];
  /**
   * Whether the engine can hold a database of exactly this name and nothing reserves it. An engine that tells no two of them
   * apart by case alone is given none with capitals.
   */
  canBeDatabaseName(name: string): boolean;
  /** Whether the engine can hold a login of exactly this name and nothing reserves it. */
  canBeLoginName(name: string): boolean;
  /** Whether this is a password that the engine and its clients take, byte by byte. */
  canBePassword(password: string): boolean;
  /** A name made of any text and five characters of an id: always one that the engine can hold, never a reserved one. */
  engineNameOf(name: string, idTail: string): string;
  /** The URL a client is given, percent-encoded; it holds the password, hence a Secret. */
  connectionUrl(facts: ConnectionFacts): Secret;
}
