// What Berth knows of a server against what is there: lost, unknown, altered. Pure: who is at work on what was asked before.
import type { SeenAccess, SeenGrant } from '@berth/engines/contract';
import type { KnownServer } from '@berth/store';

/** One difference. What does not belong to it is null. */
export interface Difference {
  what: 'database' | 'login' | 'grant';
  /** As the server names it, or would. */
  database: string | null;
  database_id: string | null;
  login: string | null;
  credential_id: string | null;
  expected: string | null;
  found: string | null;
}

export interface Differences {
  /** Berth has it, and the server does not. */
  lost: Difference[];
  /** The server has it, and Berth does not. */
  unknown: Difference[];
  /** Both have it, and not alike. */
  altered: Difference[];
}

type KnownDatabase = KnownServer['databases'][number];
type KnownLogin = KnownServer['credentials'][number];

const NOTHING = { database: null, database_id: null, login: null, credential_id: null, expected: null, found: null };

/** What is busy, being made, or was never made is passed over: of it nobody can say what should be there. */
export function compareServer(known: KnownServer, seen: SeenAccess): Differences {
  const all: Differences = { lost: [], unknown: [], altered: [] };
  compareDatabases(known, seen, all);
  compareLogins(known, seen, all);
  compareGrants(known, seen, all);
  return all;
}

/** Made and not worked on. */
const isSettled = ({ isBusy, state }: KnownDatabase) => !isBusy && (state === 'available' || state === 'quarantined');
const isSettledLogin = ({ isBusy, state }: KnownLogin) => !isBusy && state === 'active';

function compareDatabases({ databases }: KnownServer, seen: SeenAccess, { lost, unknown, altered }: Differences): void {
  for (const known of databases.filter(isSettled)) {
    const about = { ...NOTHING, what: 'database' as const, database: known.engine_name, database_id: known.id };
    const door = seen.databases.find(({ id }) => id === known.id);
    if (door === undefined) {
      lost.push(about);
      continue;
    }
    const alter = (expected: string, found: string) => altered.push({ ...about, expected, found });
    if (door.name !== known.engine_name) alter(known.engine_name, door.name);
    if (known.state === 'available' && door.isShut) alter('open', 'shut');
    if (known.state === 'quarantined' && door.isOpen) alter('shut', 'open');
    if (door.isPublic) alter('open to its own logins', 'open to everybody');
  }
  for (const { id, name } of seen.databases) {
    if (databases.some((known) => known.id === id || (id === null && isHalfMade(known, known.engine_name, name))))
      continue;
    unknown.push({ ...NOTHING, what: 'database', database: name, database_id: id });
  }
}

/** A thing of ours that bears no marker yet. */
function isHalfMade({ isBusy, state }: KnownDatabase | KnownLogin, ownName: string, name: string): boolean {
  return ownName === name && (isBusy || state === 'creating' || state === 'failed');
}

function compareLogins(known: KnownServer, seen: SeenAccess, { lost, unknown, altered }: Differences): void {
  for (const login of known.credentials.filter(isSettledLogin)) {
    const about = { ...NOTHING, what: 'login' as const, login: login.engine_username, credential_id: login.id };
    const found = seen.logins.find(({ id }) => id === login.id);
    if (found === undefined) {
      lost.push(about);
      continue;
    }
    const alter = (was: string, is: string) => altered.push({ ...about, expected: was, found: is });
    if (found.name !== login.engine_username) alter(login.engine_username, found.name);
    const isLocked = shouldBeLocked(known, login);
    if (isLocked !== null && isLocked !== found.isLocked) {
      alter(isLocked ? 'locked' : 'unlocked', found.isLocked ? 'locked' : 'unlocked');
    }
    if (found.powers.length > 0) alter('no rights but its grants', found.powers.join(', '));
  }
  for (const { id, name } of seen.logins) {
    const isKnown = (login: KnownLogin) =>
      login.id === id || (id === null && isHalfMade(login, login.engine_username, name));
    if (known.credentials.some(isKnown)) continue;
    unknown.push({ ...NOTHING, what: 'login', login: name, credential_id: id });
  }
}

/** A login that is left with quarantined databases alone is locked. Null: nobody can say. */
function shouldBeLocked({ databases, grants }: KnownServer, { id }: KnownLogin): boolean | null {
  const own = grants.filter(({ credential_id }) => credential_id === id).map((grant) => grant.database_id);
  const settled = databases.filter((database) => own.includes(database.id) && isSettled(database));
  if (own.length === 0 || settled.length < own.length) return null;
  return settled.every(({ state }) => state === 'quarantined');
}

function compareGrants(known: KnownServer, seen: SeenAccess, all: Differences): void {
  const databases = new Map(known.databases.map((database) => [database.id, database]));
  const logins = new Map(known.credentials.map((login) => [login.id, login]));
  const doors = new Map(seen.databases.map(({ name, id }) => [name, id]));
  const names = new Map(seen.logins.map(({ name, id }) => [name, id]));
  const met = new Set<string>();
  for (const grant of seen.grants) {
    const database = databases.get(doors.get(grant.database) ?? '');
    const login = logins.get(names.get(grant.login) ?? '');
    if (database !== undefined && login !== undefined) met.add(`${login.id} ${database.id}`);
    judgeGrant(known, { grant, database, login }, all);
  }
  for (const { credential_id, database_id, role } of known.grants) {
    const [database, login] = [databases.get(database_id), logins.get(credential_id)];
    if (database === undefined || login === undefined || met.has(`${credential_id} ${database_id}`)) continue;
    if (!isSettled(database) || !isSettledLogin(login) || database.state === 'quarantined') continue;
    const isThere =
      seen.databases.some(({ id }) => id === database_id) && seen.logins.some(({ id }) => id === credential_id);
    if (isThere)
      all.lost.push({ ...aboutGrant(database.engine_name, database, login.engine_username, login), expected: role });
  }
}

interface Met {
  grant: SeenGrant;
  database: KnownDatabase | undefined;
  login: KnownLogin | undefined;
}

/** What is between a login and a database of others is theirs. */
function judgeGrant({ grants }: KnownServer, { grant, database, login }: Met, { unknown, altered }: Differences): void {
  if (database === undefined && login === undefined) return;
  if (database !== undefined && !isSettled(database)) return;
  if (login !== undefined && !isSettledLogin(login)) return;
  const found = [...grant.roles, ...grant.beyond].join(', ');
  const about = { ...aboutGrant(grant.database, database, grant.login, login), found };
  const own = grants.find(
    ({ credential_id, database_id }) => credential_id === login?.id && database_id === database?.id,
  );
  if (own === undefined) unknown.push(about);
  else if (database?.state === 'quarantined') altered.push({ ...about, expected: 'none while it is quarantined' });
  else if (found !== own.role) altered.push({ ...about, expected: own.role });
}

function aboutGrant(
  databaseName: string,
  database: KnownDatabase | undefined,
  loginName: string,
  login: KnownLogin | undefined,
) {
  return {
    ...NOTHING,
    what: 'grant' as const,
    ...{ database: databaseName, database_id: database?.id ?? null },
    ...{ login: loginName, credential_id: login?.id ?? null },
  };
}
