// Connections in the middle of their handshake: no session yet and nobody's, but in the way. One whose password was looked
// up before it changed is let in whenever it answers, and DROP DATABASE waits for each of them, whoever opened it, until
// `authentication_timeout` has passed.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { LOOK_MS, pastBlockers } from './past-blockers';
import { rollBackBlocking } from './prepared';

/** How long a handshake may take before it is ended; slow lines need three round trips. */
const HANDSHAKE_MS_MAX = 1_000;
const EXIT_LOOK_MS = 50;

/** Backends that are shaking hands now. Before PostgreSQL 18 only their locks can be seen. */
export async function listHandshakes(connection: Connection): Promise<number[]> {
  const rows = await connection.query<{ pid: number }>(
    `SELECT pid FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'virtualxid' AND usesysid IS NULL AND coalesce(backend_type, 'client backend') = 'client backend'`,
  );
  return rows.map(({ pid }) => pid);
}

/** Waits for these to be over, then ends them. Returns how many are left: only a superuser may end them. */
export async function endHandshakes(admin: Admin, handshakes: number[]): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += EXIT_LOOK_MS) {
    const left = (await listHandshakes(admin.main)).filter((pid) => handshakes.includes(pid));
    if (left.length === 0) return 0;
    if (waitedMs >= HANDSHAKE_MS_MAX) {
      if (!admin.isSuperuser) return left.length;
      await terminate(admin.main, left);
    }
    if (waitedMs >= 2 * HANDSHAKE_MS_MAX) {
      throw new PlatformError('sessions_remain', 'Connections in the middle of their handshake do not end');
    }
    await pause(EXIT_LOOK_MS);
  }
}

/** A backend that waits for its client to read cannot join in what DROP DATABASE asks of all; a slow line needs seconds. */
const WRITE_MS_MAX = 5_000;

/** Sends one statement, and ends what keeps it waiting for longer than that may take: handshakes, clients that do not read. */
export async function pastStragglers(admin: Admin, sql: string): Promise<void> {
  const handshakes = openPatience(HANDSHAKE_MS_MAX);
  const writers = openPatience(WRITE_MS_MAX);
  const rollBack = rollBackBlocking(admin);
  await pastBlockers(
    admin,
    admin.main,
    () => admin.main.query(sql),
    async (beside, pid) => {
      await rollBack(beside, pid);
      if (admin.isSuperuser) await terminate(beside, handshakes(await listHandshakes(beside)));
      await terminate(beside, writers(await listWriters(beside)));
    },
  );
}

/** Tells those that were seen at every look for longer than `msMax`. */
function openPatience(msMax: number): (seen: number[]) => number[] {
  let looks = new Map<number, number>();
  return (seen) => {
    looks = new Map(seen.map((pid) => [pid, (looks.get(pid) ?? 0) + 1]));
    return seen.filter((pid) => (looks.get(pid) ?? 0) * LOOK_MS > msMax);
  };
}

/** Tenants' backends that wait for their client to read what they send. */
async function listWriters(beside: Connection): Promise<number[]> {
  const rows = await beside.query<{ pid: number }>(
    `SELECT a.pid FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
      WHERE a.wait_event = 'ClientWrite' AND r.rolname <> current_user AND NOT r.rolsuper`,
  );
  return rows.map(({ pid }) => pid);
}

async function terminate(connection: Connection, pids: number[]): Promise<void> {
  if (pids.length > 0) await connection.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [pids]);
}
