// The engine-side lock: one advisory lock per key in the database `postgres`. The fence guards the store, this guards
// the server: whoever held the lock before us has lost its claim, and loses its sessions here.
import { PlatformError } from '@berth/core';
import type { Admin } from './admin';
import { applicationNameOf, lockNumberOf } from './names';

/** A terminated backend is gone within milliseconds unless it sits in the kernel; more tries than this mean trouble. */
const TRIES_MAX = 10;
const EXIT_MS_MAX = 1_000;

/**
 * Takes the lock until the session closes. Ends the session that holds it, and whatever else that holder had open.
 * Safe to repeat. Throws `server_busy` when the holder cannot be ended.
 */
export async function takeLock(admin: Admin, key: string): Promise<void> {
  const number = lockNumberOf(key);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (await tryLock(admin, number)) {
      await nameSession(admin, key);
      await endVisits(admin);
      return;
    }
    await endHolder(admin, number);
  }
  throw new PlatformError('server_busy', 'The lock of this database is held by a session that does not end');
}

/** Advisory locks are counted: taking one that this session holds already is granted. */
async function tryLock(admin: Admin, number: string): Promise<boolean> {
  const [row] = await admin.main.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS taken', [
    number,
  ]);
  return row?.taken ?? false;
}

async function endHolder(admin: Admin, number: string): Promise<void> {
  await admin.main.query(
    `SELECT pg_terminate_backend(pid, ${EXIT_MS_MAX}) FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = $1::bigint`,
    [number],
  );
}

async function nameSession(admin: Admin, key: string): Promise<void> {
  admin.applicationName = applicationNameOf(key);
  await admin.main.query('SELECT set_config($1, $2, false)', ['application_name', admin.applicationName]);
}

/** The former holder's visits inside databases hold no lock; they are known by their name and their user. */
async function endVisits(admin: Admin): Promise<void> {
  await admin.main.query(
    `SELECT pg_terminate_backend(pid, ${EXIT_MS_MAX}) FROM pg_stat_activity
      WHERE application_name = $1 AND usename = current_user AND pid <> pg_backend_pid()`,
    [admin.applicationName],
  );
}
