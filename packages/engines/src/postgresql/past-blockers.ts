// Gets a statement of ours past tenants who hold what it needs. A tenant may hold a row or a role of somebody else without
// any right on it (an uncommitted ALTER ROLE … IN DATABASE, a GRANT to a login), so who is in the way is asked of the
// server, not guessed. Our statement keeps its place in the line meanwhile: who comes back stands behind it.
import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, visit } from './admin';
import type { Connection } from './connect';
import { ADMIN_DATABASE } from './names';
import { type Prepared, rollBackFound } from './prepared';

/** Whoever changes a row that all databases share in good faith commits within a few milliseconds. */
const PATIENCE_MS = 300;
/** Inside a database it may be its tenants' work that is waited for: more than most transactions take. */
const PATIENCE_INSIDE_MS = 3_000;
/** How often the watcher looks. */
export const LOOK_MS = 100;

/** Told at each look, on a connection beside the one that waits: what else may be in the way of this statement. */
export type Look = (beside: Connection) => Promise<void>;

/**
 * Does `deed` on `waiting` and, if it takes longer than such a thing takes, ends the sessions that keep it waiting and
 * rolls back prepared transactions that do, until it is done. Sessions of admins and superusers are left alone. Whether
 * it was done is the deed's to say.
 */
export async function pastBlockers<T>(
  admin: Admin,
  waiting: Connection,
  deed: () => Promise<T>,
  look: Look = async () => {},
): Promise<T> {
  const done = new AbortController();
  const doing = deed().finally(() => done.abort());
  const patienceMs = waiting === admin.main ? PATIENCE_MS : PATIENCE_INSIDE_MS;
  const watching = pause(patienceMs, undefined, { signal: done.signal }).then(() =>
    watch(admin, waiting.pid, done.signal, look),
  );
  await Promise.allSettled([doing, watching]); // a watcher that fails leaves the deed to its own deadline
  return doing;
}

/** On a connection of its own, for the one that waits is waiting. */
async function watch(admin: Admin, pid: number, done: AbortSignal, look: Look): Promise<void> {
  await visit(admin, ADMIN_DATABASE, async (beside) => {
    while (!done.aborted) {
      await endBlockers(beside, pid);
      await rollBackFound(admin, await listBlockingPrepared(beside, pid));
      await look(beside);
      await pause(LOOK_MS, undefined, { signal: done });
    }
  });
}

async function endBlockers(beside: Connection, pid: number): Promise<void> {
  await beside.query(
    `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
      WHERE a.pid = ANY(pg_blocking_pids($1)) AND r.rolname <> current_user AND NOT r.rolsuper`,
    [pid],
  );
}

/** Prepared transactions have no session; one is known by a lock without a process that our waiting lock is equal to. */
function listBlockingPrepared(beside: Connection, pid: number): Promise<Prepared[]> {
  const what = (lock: string) =>
    ['locktype', 'database', 'relation', 'page', 'tuple', 'transactionid', 'classid', 'objid', 'objsubid']
      .map((column) => `${lock}.${column}`)
      .join(', ');
  return beside.query<Prepared>(
    `SELECT DISTINCT prepared.gid, prepared.database, prepared.owner FROM pg_locks waits
       JOIN pg_locks held ON held.granted AND held.pid IS NULL AND (${what('held')}) IS NOT DISTINCT FROM (${what('waits')})
       JOIN pg_locks own ON own.virtualtransaction = held.virtualtransaction AND own.locktype = 'transactionid'
       JOIN pg_prepared_xacts prepared ON prepared.transaction = own.transactionid
      WHERE waits.pid = $1 AND NOT waits.granted`,
    [pid],
  );
}
