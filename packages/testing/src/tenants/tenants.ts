// The tenants' servers as journeys meet them: what differs from engine to engine, behind one interface. A journey asks what an
// engine can do (`capabilities`), never what it is called.
import type { EngineName } from '@berth/core';
import type { Capabilities, Engine } from '@berth/engines/contract';
import { rulesOf } from '@berth/engines/rules';
import type { Belongings } from './belongings';
import type { Misdeed } from './misdeeds';

/** A tenant inside its database. Each verb rejects once the session was ended, or its login may not do it. */
export interface TenantSession {
  /** One more row, in a table that is made where it is missing. */
  write(text: string, table?: string): Promise<void>;
  /** One more row in a table that is there. */
  insert(text: string, table?: string): Promise<void>;
  /** All rows, oldest first. */
  read(table?: string): Promise<string[]>;
  end(): Promise<void>;
}

/** Why a URL lets nobody in: the login is refused (gone, locked, another password), or it is let in and this database is not its. */
export type Refusal = 'login' | 'database';

/** What lies on a server, as its admin sees it. */
export interface TenantsView {
  /** Databases and logins whose names begin so, in order. */
  listNames(prefix: string): Promise<string[]>;
  hasDatabase(name: string): Promise<boolean>;
  hasLogin(name: string): Promise<boolean>;
  /** What the server keeps of its password; another text once it was set again, as far as the server tells. Null where there is no such login. */
  findVerifier(login: string): Promise<string | null>;
  /** Whether it is kept out whatever password it gives. */
  isLocked(login: string): Promise<boolean>;
  /** As somebody does who knows nothing of Berth. */
  dropDatabase(name: string): Promise<void>;
  dropLogin(name: string): Promise<void>;
  /** Lets a login into the canary, as if the server were not what it should be. */
  letIntoCanary(login: string): Promise<void>;
  shutOutOfCanary(login: string): Promise<void>;
  /** How many connections the login may have; null where it is not there, or has no limit. */
  findLimit(login: string): Promise<number | null>;
}

/** A server of a file's own, which it may hurt. Its URL and data stay the same. Close it in afterAll. */
export interface TenantsServer {
  /** Of an admin who may do everything. */
  url: string;
  /** In good order. */
  stop(): Promise<void>;
  /** As a crash does: all that was committed is there when it is back. */
  kill9(): Promise<void>;
  /** After `stop` or `kill9`. */
  restart(): Promise<void>;
  /** From now on it takes connections and answers nobody, until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Everything that it wrote down; null where it writes nothing. */
  readLog(): Promise<string | null>;
  close(): Promise<void>;
}

export interface TestEngine {
  name: EngineName;
  /** What people call it. */
  title: string;
  engine: Engine;
  belongings: Belongings;
  misdeeds: Misdeed[];
  capabilities: Capabilities;
  /** Whether a session is in one database: then a quarantine ends no session in the other databases of a login. Where it may work in
   * any, whoever might be at work in the one that is shut loses its sessions wherever they are (docs/engines.md). */
  sessionsAreInOneDatabase: boolean;
  /** Why this run has no server of it; null when it has. */
  whyMissing(): string | null;
  /** The admin's URL of the server that all files share. */
  sharedUrl(): string;
  openServer(): Promise<TenantsServer>;
  view(adminUrl: string): TenantsView;
  /** Rejects where it is not let in. */
  enter(uri: string): Promise<TenantSession>;
  /** A tenant sets its own password, past Berth; where the server lets no tenant do that, the admin does. */
  changePassword(uri: string, password: string, adminUrl: string): Promise<void>;
  /** Null when the URL lets in. A server that does not answer refuses nobody: that throws. */
  refusalOf(uri: string): Promise<Refusal | null>;
}

/** Runs `work` in a session of its own and ends that, whatever happens. */
export async function withSession<T>(
  { enter }: TestEngine,
  uri: string,
  work: (session: TenantSession) => Promise<T>,
): Promise<T> {
  const session = await enter(uri);
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

/** What is told of an engine, beside what follows from its name. */
export interface Told extends Omit<TestEngine, 'name' | 'capabilities' | 'refusalOf'> {
  /** Enters and leaves again. Rejects where it is not let in. */
  knock(uri: string): Promise<void>;
  /** Where the driver's errors have their code, and which codes are refusals of a login. */
  codeField: string;
  refusals: Record<string, Refusal>;
}

/** The engine as journeys meet it. */
export function testEngine({ knock, codeField, refusals, ...told }: Told): TestEngine {
  const { name } = told.engine;
  return {
    ...told,
    name,
    capabilities: rulesOf(name).capabilities,
    async refusalOf(uri) {
      try {
        await knock(uri);
        return null;
      } catch (error) {
        const code = typeof error === 'object' && error !== null ? String(Reflect.get(error, codeField) ?? '') : '';
        const refusal = refusals[code];
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
  };
}
