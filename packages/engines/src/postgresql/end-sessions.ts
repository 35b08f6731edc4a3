// Ends sessions. A session outlives its password, its lock and even its login, so only sessions seen gone are gone.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, SessionsEvidence } from '../contract';
import type { Admin } from './admin';
import { endHandshakes, listHandshakes } from './handshakes';
import { observeDatabaseRow, observeLoginRole } from './ownership';

/** The promise of the contract: two empty looks, this far apart. A session being let in meanwhile shows in the second. */
const LOOK_GAP_MS = 250;
/** A terminated backend usually needs a few milliseconds to leave. */
const EXIT_MS = 50;
/** Clients that are not shut out can come back for ever; more than a second of that is enough. */
const LOOKS_MAX = 24;

/** As EngineSession.endSessions promises. Names that are free or foreign have no sessions of ours. Safe to repeat. */
export async function endSessions(
  admin: Admin,
  target: { logins: LoginRef[]; database?: DatabaseRef },
): Promise<SessionsEvidence> {
  const roles: number[] = [];
  for (const login of target.logins) {
    const { ownership, oid } = await observeLoginRole(admin, login);
    if (ownership === 'ours' && oid !== null) roles.push(oid);
  }
  const row = target.database && (await observeDatabaseRow(admin, target.database));
  const database = row?.ownership === 'ours' ? row.oid : null;
  const handshakes = await listHandshakes(admin.main);
  const evidence = await endSessionsOf(admin, roles, database);
  if (handshakes.length === 0) return evidence;
  const left = await endHandshakes(admin, handshakes);
  const late = await endSessionsOf(admin, roles, database);
  return { ...late, ended: evidence.ended + late.ended, details: { handshakes_left: left } };
}

/** The same for roles and a database already known to be ours. */
export function endSessionsOf(admin: Admin, roles: number[], database: number | null): Promise<SessionsEvidence> {
  return endAll(admin, { roles, database, where: 'usesysid = ANY($1::oid[]) OR datid = $2::oid' });
}

/**
 * Ends the sessions of one login in one database, and no others. Returns how many. Where none is seen and `isCertain`
 * is false, one look is enough. Throws `sessions_remain`.
 */
export async function endSessionsInside(admin: Admin, role: number, database: number, isCertain: boolean) {
  const which = { roles: [role], database, where: 'usesysid = ANY($1::oid[]) AND datid = $2::oid' };
  if (!isCertain && (await countSessions(admin, which)) === 0) return 0;
  return (await endAll(admin, which)).ended;
}

/** Whose session it is decides, in whatever database it sits. Autovacuum and the server's own workers have no user. */
interface Sessions {
  roles: number[];
  database: number | null;
  where: string;
}

const ours = ({ where }: Sessions) =>
  `pg_stat_activity WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL AND (${where})`;

async function endAll(admin: Admin, which: Sessions): Promise<SessionsEvidence> {
  const looks: number[] = [];
  let ended = 0;
  while (looks.length < LOOKS_MAX) {
    const seen = await countSessions(admin, which);
    looks.push(seen);
    if (seen === 0 && looks.at(-2) === 0) return { ended, looks, details: {} };
    if (seen > 0) ended += await terminate(admin, which);
    await pause(seen > 0 ? EXIT_MS : LOOK_GAP_MS);
  }
  throw new PlatformError('sessions_remain', `Sessions came back ${LOOKS_MAX} times after they were ended`);
}

async function countSessions(admin: Admin, which: Sessions): Promise<number> {
  const sql = `SELECT count(*)::int AS seen FROM ${ours(which)}`;
  const [row] = await admin.main.query<{ seen: number }>(sql, [which.roles, which.database]);
  return row?.seen ?? 0;
}

async function terminate(admin: Admin, which: Sessions): Promise<number> {
  const sql = `SELECT pg_terminate_backend(pid) AS ended FROM ${ours(which)}`;
  const rows = await admin.main.query<{ ended: boolean }>(sql, [which.roles, which.database]);
  return rows.filter((row) => row.ended).length;
}
