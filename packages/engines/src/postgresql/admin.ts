// The admin's stand on one server: the session that holds the lock, and how more of its connections are opened.
import type { ServerAdmin } from '../contract';
import { type Connection, openConnection } from './connect';
import { ADMIN_DATABASE } from './names';

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

/** Opens one more connection of the admin, inside `database`. Must be closed. Throws `server_busy` where that is full. */
export function openInside(
  { server, applicationName, isForgetful, leftMs }: Admin,
  database: string,
): Promise<Connection> {
  const { username, password } = server;
  const settings = isForgetful ? REMEMBERING : [];
  return openConnection({ address: server, username, password, database, applicationName, settings }, leftMs);
}

/** What is told as done is to outlive a crash; other settings than `off` (`local`, `remote_apply`) are the operator's. */
const REMEMBERING = ['synchronous_commit=on'];
