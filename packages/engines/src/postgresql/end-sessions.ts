// Ends sessions. A session outlives its password, its lock and even its login, so only sessions seen gone are gone.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import type { Admin } from './admin';
import { observeDatabaseRow, observeLoginRole } from './ownership';

/** The promise of the contract: two empty looks, this far apart. A session being let in meanwhile shows in the second. */
const LOOK_GAP_MS = 250;
/** A terminated backend usually needs a few milliseconds to leave. */
const EXIT_MS = 50;
/** How long a connection may take over its handshake before it is ended; slow lines need three round trips. */
const HANDSHAKE_MS_MAX = 1_000;
const HANDSHAKE_LOOK_MS = 50;
/** Clients that are not shut out can come back for ever; more than a second of that is enough. */
const LOOKS_MAX = 24;

/** As EngineSession.endSessions promises. Names that are free or foreign have no sessions of ours. Safe to repeat. */
export async function endSessions(
  admin: Admin,
  target: { logins: LoginRef[]; database?: DatabaseRef },
): Promise<Evidence> {
  const roles: number[] = [];
  for (const login of target.logins) {
    const { ownership, oid } = await observeLoginRole(admin, login);
    if (ownership === 'ours' && oid !== null) roles.push(oid);
  }
  const row = target.database && (await observeDatabaseRow(admin, target.database));
  const database = row?.ownership === 'ours' ? row.oid : null;
  const halfMade = await listHalfMade(admin);
  const evidence = await endSessionsOf(admin, roles, database);
  if (halfMade.length === 0) return evidence;
  const left = await endHalfMade(admin, halfMade);
  const late = await endSessionsOf(admin, roles, database);
  return { ...late, ended: Number(evidence.ended) + Number(late.ended), half_made_left: left };
}

/** The same for roles and a database already known to be ours. */
export async function endSessionsOf(admin: Admin, roles: number[], database: number | null): Promise<Evidence> {
  const looks: number[] = [];
  let ended = 0;
  while (looks.length < LOOKS_MAX) {
    const seen = await countSessions(admin, roles, database);
    looks.push(seen);
    if (seen === 0 && looks.at(-2) === 0) return { ended, looks };
    if (seen > 0) ended += await terminate(admin, roles, database);
    await pause(seen > 0 ? EXIT_MS : LOOK_GAP_MS);
  }
  throw new PlatformError('sessions_remain', `Sessions came back ${LOOKS_MAX} times after they were ended`);
}

/** Whose session it is decides, in whatever database it sits. Autovacuum and the server's own workers have no user. */
const SESSIONS = `pg_stat_activity
  WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL AND (usesysid = ANY($1::oid[]) OR datid = $2::oid)`;

async function countSessions(admin: Admin, roles: number[], database: number | null): Promise<number> {
  const [row] = await admin.main.query<{ seen: number }>(`SELECT count(*)::int AS seen FROM ${SESSIONS}`, [
    roles,
    database,
  ]);
  return row?.seen ?? 0;
}

async function terminate(admin: Admin, roles: number[], database: number | null): Promise<number> {
  const rows = await admin.main.query<{ ended: boolean }>(
    `SELECT pg_terminate_backend(pid) AS ended FROM ${SESSIONS}`,
    [roles, database],
  );
  return rows.filter((row) => row.ended).length;
}

/**
 * Connections in the middle of their handshake. Whose they are is not known yet; one whose password was looked up before
 * it changed is let in whenever it answers, within `authentication_timeout`. Before 18 only their locks can be seen.
 */
async function listHalfMade(admin: Admin): Promise<number[]> {
  const rows = await admin.main.query<{ pid: number }>(
    `SELECT pid FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'virtualxid' AND usesysid IS NULL AND coalesce(backend_type, 'client backend') = 'client backend'`,
  );
  return rows.map(({ pid }) => pid);
}

/** Waits for those of `halfMade` that still are, then ends them. Returns how many are left: only a superuser may. */
async function endHalfMade(admin: Admin, halfMade: number[]): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += HANDSHAKE_LOOK_MS) {
    const left = (await listHalfMade(admin)).filter((pid) => halfMade.includes(pid));
    if (left.length === 0) return 0;
    if (waitedMs >= HANDSHAKE_MS_MAX) {
      if (!admin.isSuperuser) return left.length;
      await admin.main.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [left]);
    }
    if (waitedMs >= 2 * HANDSHAKE_MS_MAX) {
      throw new PlatformError('sessions_remain', 'Connections in the middle of their handshake do not end');
    }
    await pause(HANDSHAKE_LOOK_MS);
  }
}
