// Gets a statement of ours past tenants who hold what it needs. A tenant may hold a row or a role of somebody else without
// any right on it (an uncommitted ALTER ROLE … IN DATABASE, a GRANT to a login), so who is in the way is asked of the
// server, not guessed. Our statement keeps its place in the line meanwhile: who comes back stands behind it.
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from '@berth/core';
import { type Admin, openInside } from './admin';
import type { Connection } from './connect';
import { ADMIN_DATABASE } from './names';

/** Whoever changes a row that all databases share in good faith commits within a few milliseconds. */
const PATIENCE_MS = 300;
/** Inside a database it may be its tenants' work that is waited for: more than most transactions take. */
const PATIENCE_INSIDE_MS = 3_000;
/** How often the watcher looks. */
export const LOOK_MS = 100;

/** Told at each look, on a connection beside the one that waits (`pid`): what else may be in the way of its statement. */
export type Look = (beside: Connection, pid: number) => Promise<void>;

/** A row that somebody changed and committed at the same moment fails our statement at once; the next try sees it. */
const TRIES_MAX = 10;

/** Sends the statements in one transaction, none of them or all, past who keeps them waiting. Throws `server_busy`. */
export async function sendPastBlockers(admin: Admin, on: Connection, statements: string[], look?: Look): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await pastBlockers(admin, on, () => on.atomically(statements), look);
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || tries === TRIES_MAX) throw error;
    }
  }
}

/**
 * Does `deed` on `waiting` and, if it takes longer than such a thing takes, ends the sessions that keep it waiting, and looks
 * what else does, until it is done. Sessions of admins and superusers are left alone. Whether it was done is the deed's to
 * say.
 */
export async function pastBlockers<T>(
  admin: Admin,
  waiting: Connection,
  deed: () => Promise<T>,
  look: Look = async () => {},
): Promise<T> {
  const done = new AbortController();
  const doing = deed().finally(() => done.abort());
  const patienceMs = waiting.database === ADMIN_DATABASE ? PATIENCE_MS : PATIENCE_INSIDE_MS;
  const watching = pause(patienceMs, undefined, { signal: done.signal }).then(() =>
    watch(admin, waiting.pid, done.signal, look),
  );
  await Promise.allSettled([doing, watching]); // a watcher that fails leaves the deed to its own deadline
  return doing;
}

/** On a connection of its own, for the one that waits is waiting. */
async function watch(admin: Admin, pid: number, done: AbortSignal, look: Look): Promise<void> {
  const beside = await openInside(admin, ADMIN_DATABASE);
  try {
    while (!done.aborted) {
      await endBlockers(beside, pid);
      await look(beside, pid);
      await pause(LOOK_MS, undefined, { signal: done });
    }
  } finally {
    await beside.close();
  }
}

async function endBlockers(beside: Connection, pid: number): Promise<void> {
  await beside.query(
    `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
      WHERE a.pid = ANY(pg_blocking_pids($1)) AND r.rolname <> current_user AND NOT r.rolsuper`,
    [pid],
  );
}
