// Ends sessions. A session outlives its password, its lock, its grants and even its login, so only sessions seen gone are
// gone.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, SessionsEvidence } from '../contract';
import { type Admin, isDatabase } from './admin';
import { disableEvents } from './events';
import { isByName, listGrantsOn } from './grants';
import { endHandshakes, listHandshakes } from './handshakes';
import { kill } from './kill';
import { isOursOrGone, observeDatabaseRow, observeLoginRow } from './ownership';
import { isOneOf, isText } from './quote';
import { listKept } from './store';

/** The promise of the contract: two empty looks, this far apart. A session being let in meanwhile shows in the second. */
const LOOK_GAP_MS = 250;
/** A killed session usually needs a few milliseconds to leave. */
const EXIT_MS = 50;
/** Clients that are not shut out can come back for ever; more than a second of that is enough. */
const LOOKS_MAX = 24;
/** A session that was killed rolls back before it leaves: a million new rows of InnoDB took six seconds. */
const ROLLBACK_MS_MAX = 15_000;

/**
 * As EngineSession.endSessions promises. A session on these servers is in no one database: whoever has a grant on it, or had
 * one when it was shut, may be at work in it from anywhere, and loses its sessions wherever they are. Of a database that is
 * shut, events that were enabled by such a session are disabled again.
 */
export async function endSessions(
  admin: Admin,
  target: { logins: LoginRef[]; database?: DatabaseRef },
): Promise<SessionsEvidence> {
  const users: string[] = [];
  for (const login of target.logins) {
    if ((await observeLoginRow(admin, login)).ownership === 'ours') users.push(login.name);
  }
  const row = target.database && (await observeDatabaseRow(admin, target.database));
  const database = row !== undefined && isOursOrGone(row) ? target.database : undefined;
  const evidence = await endWithHandshakes(admin, users, database);
  if (database === undefined || row?.thing?.state !== 'shut') return evidence;
  const events = await disableEvents(admin, database);
  return { ...evidence, details: { ...evidence.details, events_disabled: events } };
}

/** A handshake that was under way may have become a session after the last look. MariaDB shows it under its login's name. */
async function endWithHandshakes(admin: Admin, users: string[], database?: DatabaseRef): Promise<SessionsEvidence> {
  const handshakes = admin.isMariaDb ? [] : await listHandshakes(admin);
  const evidence = await endSessionsOf(admin, users, database);
  if (handshakes.length === 0) return evidence;
  const cut = await endHandshakes(admin, handshakes);
  const late = await endSessionsOf(admin, users, database);
  return { ...late, ended: evidence.ended + late.ended, details: { handshakes_ended: cut } };
}

/**
 * The same for logins, and a database already known to be ours: all who are in it, all who have a grant on it, and of those who
 * had one when it was shut the sessions that are there now. One that such a login opens later never had a right in it, and
 * its other databases are its own: a pool that reconnects there keeps nobody waiting.
 */
export async function endSessionsOf(admin: Admin, users: string[], database?: DatabaseRef): Promise<SessionsEvidence> {
  if (database === undefined) return endAll(admin, isOneOf('user', users));
  const grants = await listGrantsOn(admin, database.name);
  const byName = grants.filter((grant) => !('pattern' in grant) || isByName(admin, grant.pattern, database.name));
  const barred = isOneOf('user', [...users, ...byName.map(({ user }) => user)]);
  const former = await listSessions(admin, isOneOf('user', await listKept(admin, 'holders', database.id)));
  return endAll(admin, `${barred} OR ${isDatabase(admin, 'db', database.name)}`, former);
}

/**
 * Ends all sessions that one login has now, whatever database they are in, for it has less rights than before and any of them
 * may be at work in any: a HANDLER that was opened with a right reads on without it. Returns how many. Those that it opens
 * from now on have the rights that it has now.
 */
export async function endEarlierSessions(admin: Admin, user: string): Promise<number> {
  return (await endAll(admin, 'FALSE', await listSessions(admin, isText('user', user)))).ended;
}

/** Ends whoever is `barred`, however often it comes back, and the sessions of these numbers. */
async function endAll(admin: Admin, barred: string, former: number[] = []): Promise<SessionsEvidence> {
  const where = former.length === 0 ? barred : `${barred} OR id IN (${former.join(', ')})`;
  const looks: number[] = [];
  const killed = new Set<number>();
  let [comebacks, leavingMs] = [0, 0];
  while (comebacks < LOOKS_MAX && leavingMs < ROLLBACK_MS_MAX) {
    const seen = await listSessions(admin, where);
    looks.push(seen.length);
    if (seen.length === 0 && looks.at(-2) === 0) return { ended: killed.size, looks, details: {} };
    const back = seen.filter((id) => !killed.has(id));
    for (const id of back) if (await kill(admin, id)) killed.add(id);
    const isLeavingSlowly = back.length === 0 && leavingMs >= LOOK_GAP_MS;
    const waitMs = seen.length === 0 || isLeavingSlowly ? LOOK_GAP_MS : EXIT_MS;
    if (back.length > 0) comebacks += 1;
    else if (seen.length > 0) leavingMs += waitMs;
    await pause(waitMs);
  }
  throw new PlatformError(
    'sessions_remain',
    comebacks === LOOKS_MAX
      ? `Sessions came back ${LOOKS_MAX} times after they were ended`
      : 'Sessions that were ended have not left: they roll back what they did, or are in a function that nothing ends',
  );
}

/** The server's own threads are no logins'; an event that runs is its definer's session. */
async function listSessions({ main }: Admin, where: string): Promise<number[]> {
  const rows = await main.query<{ id: number }>(
    `SELECT id FROM information_schema.processlist
      WHERE id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler') AND (${where})`,
  );
  return rows.map(({ id }) => Number(id));
}
