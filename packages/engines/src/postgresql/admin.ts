// The admin's stand on one server: the session that holds the lock, and visits inside single databases.
import { codeOf } from '@berth/core';
import type { ServerAdmin } from '../contract';
import { type Connection, openConnection } from './connect';
import { ADMIN_DATABASE } from './names';
import { quoteIdentifier } from './quote';

/** What every deed of this folder is given. */
export interface Admin {
  server: ServerAdmin;
  leftMs: () => number;
  /** In the database `postgres`; the lock lives and dies with it. */
  main: Connection;
  /** server_version_num: 180004 is 18.4. */
  version: number;
  isSuperuser: boolean;
  /** Whether the server, or the admin's role on it, commits before anything is written down. Not in our sessions. */
  isForgetful: boolean;
  /** Set by `lock`; the name under which a newer holder finds our visits and ends them with us. */
  applicationName: string;
}

/** `WITH INHERIT, SET, ADMIN` on memberships came with 16; before it every membership has the first two. */
export const VERSION_WITH_GRANT_OPTIONS = 160_000;
/** `transaction_timeout`, which a tenant may set for its own login, came with 17. */
export const VERSION_WITH_TRANSACTION_TIMEOUT = 170_000;

/** Opens the admin's session. Must be closed by closing `main`. Throws as Engine.open says. */
export async function openAdmin(server: ServerAdmin, leftMs: () => number): Promise<Admin> {
  const applicationName = 'berth';
  const { username, password } = server;
  const main = await openConnection(
    { address: server, username, password, database: ADMIN_DATABASE, applicationName },
    leftMs,
  );
  try {
    const [self] = await main.query<{ version: number; is_superuser: boolean; mended: string | null }>(
      `SELECT current_setting('server_version_num')::int AS version, rolsuper AS is_superuser,
          (SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') = 'off') AS mended
         FROM pg_roles WHERE rolname = current_user`,
    );
    return {
      server,
      leftMs,
      main,
      version: self?.version ?? 0,
      isSuperuser: self?.is_superuser ?? false,
      isForgetful: (self?.mended ?? null) !== null,
      applicationName,
    };
  } catch (error) {
    await main.close();
    throw error;
  }
}

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
 * owner may make room for itself: the limit is what it was again as soon as it is in.
 */
async function enter(admin: Admin, database: string): Promise<Connection> {
  try {
    return await knock(admin, database);
  } catch (error) {
    if (admin.isSuperuser || codeOf(error) !== 'server_busy') throw error;
    const beside = await knock(admin, ADMIN_DATABASE); // for the admin's own session may be what waits for us
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
  const limitTo = (limit: string) =>
    beside.query(`ALTER DATABASE ${quoteIdentifier(database)} CONNECTION LIMIT ${limit}`);
  try {
    for (let rooms = 1; ; rooms++) {
      const [taken] = await beside.query<{ sessions: number }>(
        'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE datname::text = $1',
        [database],
      );
      await limitTo(`${(taken?.sessions ?? 0) + 1}`);
      try {
        return await knock(admin, database);
      } catch (error) {
        if (codeOf(error) !== 'server_busy' || rooms === ROOMS_MAX) throw error;
      }
    }
  } finally {
    await limitTo(`${full.limit}`);
  }
}

/** What is told as done is to outlive a crash; other settings than `off` (`local`, `remote_apply`) are the operator's. */
const REMEMBERING = ['synchronous_commit=on'];

function knock({ server, applicationName, isForgetful, leftMs }: Admin, database: string): Promise<Connection> {
  const { username, password } = server;
  const settings = isForgetful ? REMEMBERING : [];
  return openConnection({ address: server, username, password, database, applicationName, settings }, leftMs);
}
