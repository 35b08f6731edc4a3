// The ground every part of the suite stands on: a server, an admin session, and a broom for what the tests made.
import { randomBytes } from 'node:crypto';
import { codeOf, idTail, newId, Secret } from '@berth/core';
import type { DatabaseRef, DatabaseSpec, Engine, EngineSession, LoginRef, ServerAdmin } from '../contract';
import { type Deed, EVIDENCE } from '../evidence';

/** A session of a tenant, opened with its own password, that can outlive its login. */
export interface TenantSession {
  /** Inserts a row into a table, default `notes`, making it first if need be. Rejects when the session is gone. */
  write(text: string, table?: string): Promise<void>;
  /** The same for a table that is there: makes nothing. */
  insert(text: string, table?: string): Promise<void>;
  /** What the table holds, in the order it was written. */
  read(table?: string): Promise<string[]>;
  close(): Promise<void>;
}

/** Names that a server of the engine knows, and some that it does not. */
export interface CharsetSamples {
  /** Another than UTF-8, with a collation of it; what is written in `word` suits it. */
  asked: { charset: string; collation: string };
  /** A collation by itself, and the character set that a database of it has. */
  alone: { charset: string; collation: string };
  word: string;
  refused: { charset?: string; collation?: string }[];
}

/** A running server with the few hooks that are each engine's own. The hooks never go through the engine under test. */
export interface EngineServer {
  admin: ServerAdmin;
  /** Logs in with a name and password; rejects if refused. */
  openTenant(database: string, login: string, password: Secret): Promise<TenantSession>;
  makeForeignDatabase(name: string): Promise<void>;
  makeForeignLogin(name: string, password: Secret, database: string): Promise<void>;
  dropForeign(name: string): Promise<void>;
  hasDatabase(name: string): Promise<boolean>;
  hasLogin(name: string): Promise<boolean>;
  /** What there is of a database, by its name and whatever is named or written down after it. */
  tracesOf(name: string): Promise<string[]>;
  /** Lets one login, and nobody else, into the canary database. */
  letIntoCanary(login: string): Promise<void>;
  /** For an engine whose databases have a character set. */
  charsets?: CharsetSamples;
  /** True where closing it removes all that is on it: what the tests made is then not removed one by one. */
  isThrownAway?: boolean;
  close(): Promise<void>;
}

/** One tenant: a database, its login, and the login's password. */
export interface Tenant {
  database: DatabaseSpec;
  login: LoginRef;
  password: Secret;
}

export interface Ground {
  engine: Engine;
  server(): EngineServer;
  /** The admin session of the suite; it holds no lock. */
  session(): EngineSession;
  /** Another admin session; closed after the test file if the test did not. */
  open(options?: { leftMs?: () => number; admin?: Partial<ServerAdmin> }): Promise<EngineSession>;
  newDatabase(name?: string): DatabaseSpec;
  newLogin(name?: string): LoginRef;
  /** A tenant with everything made and granted. */
  makeTenant(name?: string): Promise<Tenant>;
  /** A name that nothing bears yet, remembered so that it is swept if a foreign thing gets it. */
  foreignName(): string;
  openTenant(tenant: Tenant): Promise<TenantSession>;
  /** The deeds whose evidence was held against its shape. */
  seen: Set<Deed>;
}

/** What is left of a hold when nothing hurries. */
const PLENTY_MS = 25_000;
const CONNECTIONS_MAX = 10;
const BROOMS = 8;

/** Opens the ground before the tests and sweeps it after them. */
export function openGround(engine: Engine, makeServer: () => Promise<EngineServer>): Ground {
  const databases: DatabaseRef[] = [];
  const logins: LoginRef[] = [];
  const foreign: string[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const seen = new Set<Deed>();
  const standing: { server?: EngineServer; session?: EngineSession } = {};

  const server = () => demand(standing.server);
  const session = () => demand(standing.session);
  const open: Ground['open'] = async ({ leftMs = () => PLENTY_MS, admin = {} } = {}) => {
    const made = held(await engine.open({ ...server().admin, ...admin }, { leftMs }), seen);
    opened.push(made);
    return made;
  };
  const newDatabase: Ground['newDatabase'] = (name) => {
    const id = newId('database');
    const database = { id, name: name ?? `shop_${idTail(id)}`, connectionsMax: CONNECTIONS_MAX };
    databases.push(database);
    return database;
  };
  const newLogin: Ground['newLogin'] = (name) => {
    const id = newId('credential');
    const login = { id, name: name ?? `shop_${idTail(id)}` };
    logins.push(login);
    return login;
  };
  const makeTenant: Ground['makeTenant'] = async (name) => {
    const tenant = { database: newDatabase(name), login: newLogin(name), password: newPassword() };
    await ensureTenant(session(), tenant);
    return tenant;
  };
  const foreignName = () => {
    const name = `foreign_${idTail(newId('database'))}`;
    foreign.push(name);
    return name;
  };
  const openTenant: Ground['openTenant'] = async ({ database, login, password }) => {
    const tenant = await server().openTenant(database.name, login.name, password);
    opened.push(tenant);
    return tenant;
  };

  beforeAll(async () => {
    standing.server = await makeServer();
    standing.session = await open();
    await session().ensureServerPrepared();
  });
  afterAll(async () => {
    if (!server().isThrownAway) {
      await sweep(open, databases, (own, database) => own.removeDatabase(database));
      await sweep(open, logins, (own, login) => own.removeLogin(login));
      for (const name of foreign) await server().dropForeign(name);
    }
    for (const { close } of opened) await close();
    await server().close();
  });

  return { engine, server, session, open, newDatabase, newLogin, makeTenant, foreignName, openTenant, seen };
}

/** The same session: the evidence of each deed has exactly the fields of its shape, or the deed fails. */
function held(session: EngineSession, seen: Set<Deed>): EngineSession {
  return new Proxy(session, {
    get(target, verb) {
      const method: unknown = Reflect.get(target, verb);
      if (!isDeed(verb) || typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const evidence = EVIDENCE[verb].parse(await Reflect.apply(method, target, args));
        seen.add(verb);
        return evidence;
      };
    },
  });
}

function isDeed(verb: string | symbol): verb is Deed {
  return Object.hasOwn(EVIDENCE, verb);
}

/** Makes and grants everything of a tenant, as the action database_create does. */
export async function ensureTenant(session: EngineSession, { database, login, password }: Tenant): Promise<void> {
  await session.ensureDatabase(database);
  await session.ensureLogin(login, password);
  await session.ensureGrant(database, login, 'owner');
}

/** What a URL says of its server's admin, without TLS. */
export function adminOf(adminUrl: string): ServerAdmin {
  const url = new URL(adminUrl);
  return {
    host: url.hostname,
    port: Number(url.port),
    tls: 'disable',
    username: decodeURIComponent(url.username),
    password: new Secret(decodeURIComponent(url.password)),
  };
}

export function newPassword(): Secret {
  return new Secret(randomBytes(18).toString('base64url'));
}

/** The code a deed was refused with; fails the test when it was not refused. */
export async function refusalOf(deed: Promise<unknown>): Promise<string> {
  try {
    await deed;
  } catch (error) {
    return codeOf(error);
  }
  throw new Error('This was expected to be refused, and was done');
}

/** Several brooms, because each login is looked at twice, 250 ms apart. */
async function sweep<T>(
  open: () => Promise<EngineSession>,
  things: T[],
  deed: (own: EngineSession, thing: T) => Promise<unknown>,
) {
  const left = [...things];
  const brooms = Array.from({ length: BROOMS }, async () => {
    const own = await open();
    for (let thing = left.pop(); thing !== undefined; thing = left.pop()) await deed(own, thing);
  });
  await Promise.all(brooms);
}

function demand<T>(standing: T | undefined): T {
  if (standing === undefined) throw new Error('The ground is used before it was opened');
  return standing;
}
