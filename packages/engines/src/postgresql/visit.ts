// The admin's visits inside single databases, also those that are full or shut to everybody but superusers.
import { codeOf } from '@berth/core';
import { type Admin, openInside } from './admin';
import type { Connection } from './connect';
import { ADMIN_DATABASE } from './names';
import { sendPastBlockers } from './past-blockers';
import { quoteIdentifier } from './quote';

/** Runs `deed` on a connection of the admin inside `database`, and closes it whatever happens. */
export async function visit<T>(admin: Admin, database: string, deed: (inside: Connection) => Promise<T>): Promise<T> {
  const inside = await enter(admin, database);
  try {
    return await deed(inside);
  } finally {
    await inside.close();
  }
}

/** A place that was made may be taken by a client that comes back faster. */
const ROOMS_MAX = 10;

/**
 * A database's connection limit counts for an admin that is no superuser, and a database that is shut has a limit of none. Its
 * owner may make room for itself: the limit is what it was again as soon as it is in. A worker that dies in between leaves the
 * higher limit, until ensureDatabase or removeAccess, which set it without asking what it was.
 */
async function enter(admin: Admin, database: string): Promise<Connection> {
  try {
    return await openInside(admin, database);
  } catch (error) {
    if (admin.isSuperuser || codeOf(error) !== 'server_busy') throw error;
    const beside = await openInside(admin, ADMIN_DATABASE); // for the admin's own session may be what waits for us
    try {
      return await enterFull(admin, beside, database, error);
    } finally {
      await beside.close();
    }
  }
}

async function enterFull(admin: Admin, beside: Connection, database: string, refusal: unknown): Promise<Connection> {
  const [full] = await beside.query<{ limit: number }>(
    `SELECT datconnlimit AS limit FROM pg_database
      WHERE datname::text = $1 AND datconnlimit >= 0 AND pg_has_role(datdba, 'USAGE')`,
    [database],
  );
  if (full === undefined) throw refusal;
  let inside: Connection | null = null;
  try {
    inside = await makeRoom(admin, beside, database);
  } finally {
    await limitTo(admin, beside, database, full.limit).catch(async (error: unknown) => {
      await inside?.close(); // nobody would ever hear of it
      throw error;
    });
  }
  return inside;
}

async function makeRoom(admin: Admin, beside: Connection, database: string): Promise<Connection> {
  for (let rooms = 1; ; rooms++) {
    const [taken] = await beside.query<{ sessions: number }>(
      'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE datname::text = $1',
      [database],
    );
    await limitTo(admin, beside, database, (taken?.sessions ?? 0) + 1);
    try {
      return await openInside(admin, database);
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || rooms === ROOMS_MAX) throw error;
    }
  }
}

/** Not past prepared transactions: the way to roll one back leads through here. */
function limitTo(admin: Admin, beside: Connection, database: string, limit: number): Promise<void> {
  return sendPastBlockers(admin, beside, [`ALTER DATABASE ${quoteIdentifier(database)} CONNECTION LIMIT ${limit}`]);
}
