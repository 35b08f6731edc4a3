// The admin's stand on one server: its session, which holds the lock, and what the server said that it is.
import type { ServerAdmin } from '../contract';
import { type Connection, openConnection } from './connect';
import { quoteText } from './quote';

/** How a server keeps a password; see verifier.ts. */
export type PasswordPlugin = 'mysql_native_password' | 'caching_sha2_password';

/** What every deed of this folder is given. */
export interface Admin {
  server: ServerAdmin;
  leftMs: () => number;
  /** In no database; the lock lives and dies with it. */
  main: Connection;
  isMariaDb: boolean;
  /** As the server writes it: `10.11.6-MariaDB-log`, `8.4.3`. */
  version: string;
  /** Whether `Shop` and `shop` are one database here (lower_case_table_names). */
  foldsCase: boolean;
  /** The longest statement that the server takes (max_allowed_packet). */
  statementBytesMax: number;
  plugin: PasswordPlugin;
  /** The ways to log in that the server has now; `plugin` is not among them where it has neither of ours. */
  activePlugins: string[];
  /** Roles that every login of the server has without being given them, as MySQL writes them; none on MariaDB. */
  mandatoryRoles: string;
}

interface ServerRow {
  version: string;
  comment: string;
  lower_case: number;
  packet: number | string;
  /** MySQL alone has it: MariaDB passes over what is for 8.0.0 in such a comment. */
  mandatory_roles?: string | null;
  plugins: string | null;
}

/** Opens the admin's session. Must be closed by closing `main`. Throws as Engine.open says. */
export async function openAdmin(server: ServerAdmin, leftMs: () => number): Promise<Admin> {
  const { username, password } = server;
  const main = await openConnection({ address: server, username, password, programName: 'berth' }, leftMs);
  try {
    const [row] = await main.query<ServerRow>(
      `SELECT VERSION() AS version, @@version_comment AS comment, @@lower_case_table_names AS lower_case,
              @@max_allowed_packet AS packet,
              (SELECT GROUP_CONCAT(plugin_name) FROM information_schema.plugins
                WHERE plugin_type = 'AUTHENTICATION' AND plugin_status = 'ACTIVE') AS plugins
              /*!80000 , @@global.mandatory_roles AS mandatory_roles */`,
    );
    const version = row?.version ?? '';
    const isMariaDb = /mariadb/i.test(`${version} ${row?.comment}`);
    const activePlugins = row?.plugins?.split(',') ?? [];
    return {
      ...{ server, leftMs, main, isMariaDb, version, activePlugins },
      foldsCase: Number(row?.lower_case) !== 0,
      statementBytesMax: Number(row?.packet),
      plugin: pluginOf(isMariaDb, activePlugins),
      mandatoryRoles: row?.mandatory_roles ?? '',
    };
  } catch (error) {
    await main.close();
    throw error;
  }
}

/**
 * MySQL's own default, which all its clients speak. MariaDB's stronger `ed25519` is spoken by neither MySQL's clients nor
 * our driver, and what cannot be tried cannot be proven: there it is the plugin that every client speaks.
 */
export function pluginOf(isMariaDb: boolean, plugins: string[]): PasswordPlugin {
  return !isMariaDb && plugins.includes('caching_sha2_password') ? 'caching_sha2_password' : 'mysql_native_password';
}

/** A database's name as the server keeps it. */
export function keptName({ foldsCase }: Admin, name: string): string {
  return foldsCase ? name.toLowerCase() : name;
}

/** Whether a column of the server's holds this database's name, in any case where the server knows none. */
export function isDatabase(admin: Admin, column: string, name: string): string {
  const held = admin.foldsCase ? `LOWER(${column})` : column;
  return `CAST(${held} AS BINARY) = CAST(${quoteText(keptName(admin, name))} AS BINARY)`;
}
