// What Berth calls its own things on a MySQL or MariaDB server. Whose a thing is stands in Berth's own database there.
import { createHash } from 'node:crypto';

/** Berth's own database: what is Berth's on this server, told where admins alone may write. */
export const STORE = 'berth';
/** The permanent neighbour that every new login must fail on. */
export const CANARY = 'berth_canary';
/** The servers' own. Every login may look into information_schema, which shows it what it may see anyway. */
export const SYSTEM_DATABASES = ['information_schema', 'mysql', 'performance_schema', 'sys'];

/**
 * The name of a lock for a key of any length: at most 64 characters. Any login may take a lock of any name, so this one is
 * made with a secret of the server's that only admins read.
 */
export function lockNameOf(key: string, secret: string): string {
  return `berth ${createHash('sha256').update(`${secret}:${key}`).digest('hex').slice(0, 48)}`;
}

/** The table that a proof makes and drops; of one name per login, so that one which was left is found by the next. */
export function checkTableOf(loginId: string): string {
  return `berth_check_${createHash('sha256').update(loginId).digest('hex').slice(0, 24)}`;
}
