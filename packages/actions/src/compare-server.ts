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

/**
 * What is busy, being made, or was never made is passed over: of it nobody can say what should be there. Each thing is looked up
 * by its key: it blocks the worker, whose other actions lose their holds after 30 s, and servers with 40,000 logins exist.
 */
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
  const doors = byMarker(seen.databases);
  const ids = new Set(databases.map(({ id }) => id));
  const halfMade = new Set(databases.filter(isHalfMade).map((database) => database.engine_name));
  for (const known of databases.filter(isSettled)) {
    const about = { ...NOTHING, what: 'database' as const, database: known.engine_name, database_id: known.id };
    const door = doors.get(known.id);
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
    if (id === null ? halfMade.has(name) : ids.has(id)) continue;
    unknown.push({ ...NOTHING, what: 'database', database: name, database_id: id });
  }
}

/** Of a thing that bears a marker, the first that bears it. */
function byMarker<Seen extends { id: string | null }>(seen: Seen[]): Map<string, Seen> {
  const found = new Map<string, Seen>();
  for (const each of seen) if (each.id !== null && !found.has(each.id)) found.set(each.id, each);
  return found;
}

/** It may stand on the server by its name, with no marker yet. */
function isHalfMade({ isBusy, state }: KnownDatabase | KnownLogin): boolean {
  return isBusy || state === 'creating' || state === 'failed';
}

function compareLogins(known: KnownServer, seen: SeenAccess, { lost, unknown, altered }: Differences): void {
  const logins = byMarker(seen.logins);
  const ids = new Set(known.credentials.map(({ id }) => id));
  const halfMade = new Set(known.credentials.filter(isHalfMade).map((login) => login.engine_username));
  const shouldBeLocked = lockRule(known);
  for (const login of known.credentials.filter(isSettledLogin)) {
    const about = { ...NOTHING, what: 'login' as const, login: login.engine_username, credential_id: login.id };
    const found = logins.get(login.id);
    if (found === undefined) {
      lost.push(about);
      continue;
    }
    const alter = (was: string, is: string) => altered.push({ ...about, expected: was, found: is });
    if (found.name !== login.engine_username) alter(login.engine_username, found.name);
    const isLocked = shouldBeLocked(login);
    if (isLocked !== null && isLocked !== found.isLocked) {
      alter(isLocked ? 'locked' : 'unlocked', found.isLocked ? 'locked' : 'unlocked');
    }
    if (found.powers.length > 0) alter('no rights but its grants', found.powers.join(', '));
  }
  for (const { id, name } of seen.logins) {
    if (id === null ? halfMade.has(name) : ids.has(id)) continue;
    unknown.push({ ...NOTHING, what: 'login', login: name, credential_id: id });
  }
}

/** A login that is left with quarantined databases alone is locked. Null: nobody can say. */
function lockRule({ databases, grants }: KnownServer): (login: KnownLogin) => boolean | null {
  const settled = new Map(databases.filter(isSettled).map(({ id, state }) => [id, state]));
  const statesOf = new Map<string, (string | undefined)[]>();
  for (const { credential_id, database_id } of grants) {
    const states = statesOf.get(credential_id) ?? [];
    states.push(settled.get(database_id));
    statesOf.set(credential_id, states);
  }
  return ({ id }) => {
    const states = statesOf.get(id) ?? [undefined];
    return states.includes(undefined) ? null : states.every((state) => state === 'quarantined');
  };
}

function compareGrants(known: KnownServer, seen: SeenAccess, all: Differences): void {
  const databases = new Map(known.databases.map((database) => [database.id, database]));
  const logins = new Map(known.credentials.map((login) => [login.id, login]));
  const doors = new Map(seen.databases.map(({ name, id }) => [name, id]));
  const names = new Map(seen.logins.map(({ name, id }) => [name, id]));
  const marked = new Set([...byMarker(seen.databases).keys(), ...byMarker(seen.logins).keys()]);
  const given = new Map(known.grants.map((grant) => [pairOf(grant.credential_id, grant.database_id), grant.role]));
  const met = new Set<string>();
  for (const grant of seen.grants) {
    const database = databases.get(doors.get(grant.database) ?? '');
    const login = logins.get(names.get(grant.login) ?? '');
    if (database !== undefined && login !== undefined) met.add(pairOf(login.id, database.id));
    judgeGrant(given, { grant, database, login }, all);
  }
  for (const { credential_id, database_id, role } of known.grants) {
    const [database, login] = [databases.get(database_id), logins.get(credential_id)];
    if (database === undefined || login === undefined || met.has(pairOf(credential_id, database_id))) continue;
    if (!isSettled(database) || !isSettledLogin(login) || database.state === 'quarantined') continue;
    if (marked.has(database_id) && marked.has(credential_id))
      all.lost.push({ ...aboutGrant(database.engine_name, database, login.engine_username, login), expected: role });
  }
}

const pairOf = (credentialId: string, databaseId: string) => `${credentialId} ${databaseId}`;

interface Met {
  grant: SeenGrant;
  database: KnownDatabase | undefined;
  login: KnownLogin | undefined;
}

/** `given`: the roles that Berth gave, by `pairOf`. What is between a login and a database of others is theirs. */
function judgeGrant(
  given: Map<string, string>,
  { grant, database, login }: Met,
  { unknown, altered }: Differences,
): void {
  if (database === undefined && login === undefined) return;
  if (database !== undefined && !isSettled(database)) return;
  if (login !== undefined && !isSettledLogin(login)) return;
  const found = [...grant.roles, ...grant.beyond].join(', ');
  const about = { ...aboutGrant(grant.database, database, grant.login, login), found };
  const own = given.get(pairOf(login?.id ?? '', database?.id ?? ''));
  if (own === undefined) unknown.push(about);
  else if (database?.state === 'quarantined') altered.push({ ...about, expected: 'none while it is quarantined' });
  else if (found !== own) altered.push({ ...about, expected: own });
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
