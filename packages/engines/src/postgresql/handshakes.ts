// Connections in the middle of their handshake: no session yet and nobody's, but in the way. One whose password was looked
// up before it changed is let in whenever it answers, and DROP DATABASE waits for each of them, whoever opened it, until
// `authentication_timeout` has passed.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import { type Admin, visit } from './admin';
import type { Connection } from './connect';
import { ADMIN_DATABASE } from './names';

/** How long a handshake may take before it is ended; slow lines need three round trips. */
const HANDSHAKE_MS_MAX = 1_000;
const LOOK_MS = 50;

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
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const left = (await listHandshakes(admin.main)).filter((pid) => handshakes.includes(pid));
    if (left.length === 0) return 0;
    if (waitedMs >= HANDSHAKE_MS_MAX) {
      if (!admin.isSuperuser) return left.length;
      await terminate(admin.main, left);
    }
    if (waitedMs >= 2 * HANDSHAKE_MS_MAX) {
      throw new PlatformError('sessions_remain', 'Connections in the middle of their handshake do not end');
    }
    await pause(LOOK_MS);
  }
}

/** Sends one statement, and ends the handshakes that keep it waiting for longer than one may take. */
export async function pastHandshakes(admin: Admin, sql: string): Promise<void> {
  const done = new AbortController();
  const sending = admin.main.query(sql).finally(() => done.abort());
  const watching = admin.isSuperuser ? watch(admin, done.signal) : Promise.resolve();
  await Promise.allSettled([sending, watching]); // whether it was done is the statement's to say
  await sending;
}

/** On a connection of its own, for the session's waits for its answer; opened only when that takes long. */
async function watch(admin: Admin, done: AbortSignal): Promise<void> {
  await pause(HANDSHAKE_MS_MAX, undefined, { signal: done });
  await visit(admin, ADMIN_DATABASE, async (beside) => {
    for (let before: number[] = []; !done.aborted; ) {
      const now = await listHandshakes(beside);
      await terminate(
        beside,
        now.filter((pid) => before.includes(pid)),
      );
      before = now;
      await pause(HANDSHAKE_MS_MAX, undefined, { signal: done });
    }
  });
}

async function terminate(connection: Connection, pids: number[]): Promise<void> {
  if (pids.length > 0) await connection.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [pids]);
}
