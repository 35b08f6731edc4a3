// Ends sessions. A session outlives its password, its lock, its grants and even its login, so only sessions seen gone are
// gone.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import { type Admin, isDatabase } from './admin';
import { disableEvents } from './events';
import { isByName, listGrantsOn } from './grants';
import { endHandshakes, listHandshakes } from './handshakes';
import { kill } from './kill';
import { observeDatabaseRow, observeLoginRow } from './ownership';
import { isOneOf, isText } from './quote';
import { listKept } from './store';

/** The promise of the contract: two empty looks, this far apart. A session being let in meanwhile shows in the second. */
const LOOK_GAP_MS = 250;
/** A killed session usually needs a few milliseconds to leave. */
const EXIT_MS = 50;
/** Clients that are not shut out can come back for ever; more than a second of that is enough. */
const LOOKS_MAX = 24;

/**
 * As EngineSession.endSessions promises. A session on these servers is in no one database: whoever has a grant on it, or had
 * one when it was shut, may be at work in it from anywhere, and loses its sessions wherever they are. Of a database that is
 * shut, events that were enabled by such a session are disabled again.
 */
export async function endSessions(
  admin: Admin,
  target: { logins: LoginRef[]; database?: DatabaseRef },
): Promise<Evidence> {
  const users = new Set<string>();
  for (const login of target.logins) {
    if ((await observeLoginRow(admin, login)).ownership === 'ours') users.add(login.name);
  }
  const row = target.database && (await observeDatabaseRow(admin, target.database));
  const database = row?.ownership === 'ours' ? target.database : undefined;
  for (const user of database ? await listHolders(admin, database) : []) users.add(user);
  const evidence = await endWithHandshakes(admin, [...users], database);
  if (database === undefined || row?.thing?.state !== 'shut') return evidence;
  return { ...evidence, events_disabled: await disableEvents(admin, database) };
}

/** A handshake that was under way may have become a session after the last look. MariaDB shows it under its login's name. */
async function endWithHandshakes(admin: Admin, users: string[], database?: DatabaseRef): Promise<Evidence> {
  const handshakes = admin.isMariaDb ? [] : await listHandshakes(admin);
  const evidence = await endSessionsOf(admin, users, database);
  if (handshakes.length === 0) return evidence;
  const cut = await endHandshakes(admin, handshakes);
  const late = await endSessionsOf(admin, users, database);
  return { ...late, ended: Number(evidence.ended) + Number(late.ended), handshakes_ended: cut };
}

/** Whoever was given this very database, now or when it was shut. */
export async function listHolders(admin: Admin, database: DatabaseRef): Promise<string[]> {
  const grants = await listGrantsOn(admin, database.name);
  const byName = grants.filter((grant) => !('pattern' in grant) || isByName(admin, grant.pattern, database.name));
  return [...new Set([...byName.map(({ user }) => user), ...(await listKept(admin, 'holders', database.id))])].sort();
}

/** The same for logins, and a database already known to be ours: all who are in it. */
export function endSessionsOf(admin: Admin, users: string[], database?: DatabaseRef): Promise<Evidence> {
  const ofUsers = isOneOf('user', users);
  return endAll(admin, database === undefined ? ofUsers : `${ofUsers} OR ${isDatabase(admin, 'db', database.name)}`);
}

/**
 * Ends the sessions of one login in one database, and those in none, which may work in any. Returns how many. One that is
 * in another database stays: what it asks of this one from now on is refused.
 */
export async function endSessionsInside(admin: Admin, user: string, database: DatabaseRef): Promise<number> {
  const where = `${isText('user', user)} AND (db IS NULL OR ${isDatabase(admin, 'db', database.name)})`;
  return Number((await endAll(admin, where)).ended);
}

async function endAll(admin: Admin, where: string): Promise<Evidence> {
  const looks: number[] = [];
  let ended = 0;
  const killed = new Set<number>();
  while (looks.length < LOOKS_MAX) {
    const seen = await listSessions(admin, where);
    looks.push(seen.length);
    if (seen.length === 0 && looks.at(-2) === 0) return { ended, looks };
    for (const id of seen) {
      if (!(await kill(admin, id)) || killed.has(id)) continue;
      killed.add(id);
      ended += 1;
    }
    await pause(seen.length > 0 ? EXIT_MS : LOOK_GAP_MS);
  }
  throw new PlatformError('sessions_remain', `Sessions came back ${LOOKS_MAX} times after they were ended`);
}

/** The server's own threads are no logins'; an event that runs is its definer's session. */
async function listSessions({ main }: Admin, where: string): Promise<number[]> {
  const rows = await main.query<{ id: number }>(
    `SELECT id FROM information_schema.processlist
      WHERE id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler') AND (${where})`,
  );
  return rows.map(({ id }) => Number(id));
}
