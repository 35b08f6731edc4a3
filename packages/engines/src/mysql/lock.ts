// The engine-side lock: one GET_LOCK per key. The fence guards the store, this guards the server: whoever held the lock
// before us has lost its claim, and loses its session here.
import { PlatformError } from '@berth/core';
import type { Admin } from './admin';
import { kill } from './kill';
import { lockNameOf } from './names';
import { quoteText } from './quote';
import { findServerRow } from './store';

/** A killed session is gone within milliseconds, unless it rolls back much; more tries than this mean trouble. */
const TRIES_MAX = 10;
const EXIT_SECONDS = 1;

/**
 * Takes the lock until the session closes, and ends the session that holds it. Safe to repeat. Throws `server_busy` when
 * the holder cannot be ended.
 */
export async function takeLock(admin: Admin, key: string): Promise<void> {
  // before the first preflight there is no secret yet, and nothing of ours on the server
  const name = quoteText(lockNameOf(key, (await findServerRow(admin))?.lockSecret ?? ''));
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const [row] = await admin.main.query<{ taken: number | null; holder: number | null }>(
      `SELECT GET_LOCK(${name}, ${tries === 0 ? 0 : EXIT_SECONDS}) AS taken, IS_USED_LOCK(${name}) AS holder`,
    );
    if (Number(row?.taken) === 1) return;
    if (row?.holder !== null && row?.holder !== undefined) await kill(admin, Number(row.holder));
  }
  throw new PlatformError('server_busy', 'The lock of this database is held by a session that does not end');
}
