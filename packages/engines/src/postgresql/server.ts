// What a server is and whether this admin can do Berth's work on it.
import { PlatformError } from '@berth/core';
import type { ServerFacts } from '../contract';
import type { Admin } from './admin';
import { postgresqlRules } from './rules';
import { listOpenSystemDatabases, type OpenDatabase, staysOpen } from './system-databases';

/** 14 and older let every role write into schema public, and run out of support in 2026. */
const VERSION_MIN = 150_000;

interface ServerRow {
  version: string;
  connections_max: number;
  in_recovery: boolean;
  can_create_databases: boolean;
  can_create_roles: boolean;
  can_end_sessions: boolean;
  can_see_sessions: boolean;
  can_identify: boolean;
  can_hide_failures: boolean;
}

/** As EngineSession.observeServer promises. A physical replica has its primary's identity, and lacks writing. */
export async function observeServer(admin: Admin): Promise<ServerFacts> {
  const [row] = await admin.main.query<ServerRow>(
    `SELECT current_setting('server_version') AS version, current_setting('max_connections')::int AS connections_max,
            pg_is_in_recovery() AS in_recovery, rolsuper OR rolcreatedb AS can_create_databases,
            rolsuper OR rolcreaterole AS can_create_roles,
            pg_has_role('pg_signal_backend', 'USAGE') AS can_end_sessions,
            pg_has_role('pg_read_all_stats', 'USAGE') AS can_see_sessions,
            has_function_privilege('pg_control_system()', 'EXECUTE') AS can_identify,
            ${canHideFailures(admin)} AS can_hide_failures
       FROM pg_roles WHERE rolname = current_user`,
  );
  if (!row) throw new PlatformError('engine_refused', 'The server does not know its own admin');
  return {
    identity: await identityOf(admin, row.can_identify),
    version: row.version,
    connectionsMax: row.connections_max,
    ...shortcomingsOf(admin, row, await listOpenSystemDatabases(admin)),
  };
}

/** `has_parameter_privilege` came with 15; whoever is older than that is told so before anything else. */
function canHideFailures({ version }: Admin): string {
  return version < VERSION_MIN ? 'false' : "has_parameter_privilege('log_min_error_statement', 'SET')";
}

/** Where the server's number cannot be read its address stands in, and `lacks` says so. */
async function identityOf(admin: Admin, canIdentify: boolean): Promise<string> {
  if (!canIdentify) return `address:${admin.server.host}:${admin.server.port}`;
  const [row] = await admin.main.query<{ identity: string }>(
    'SELECT system_identifier::text AS identity FROM pg_control_system()',
  );
  return row?.identity ?? '';
}

function shortcomingsOf(admin: Admin, row: ServerRow, open: OpenDatabase[]): Pick<ServerFacts, 'lacks' | 'cannot'> {
  const beyond = open.filter(({ canShut }) => !canShut);
  const lacks = [...lacksOf(admin, row), ...beyond.filter(({ name }) => !staysOpen(admin, name)).map(lackOfShutting)];
  return { lacks, cannot: admin.isSuperuser ? [] : cannotOf(row, beyond) };
}

function lacksOf(admin: Admin, row: ServerRow): string[] {
  const lacks: string[] = [];
  if (admin.version < VERSION_MIN)
    lacks.push(`PostgreSQL ${row.version} is older than 15, the oldest that is supported`);
  if (row.in_recovery) lacks.push('The server is a standby and cannot be written to');
  if (!row.can_create_databases) lacks.push('The admin may not create databases (CREATEDB)');
  if (!row.can_create_roles) lacks.push('The admin may not create logins (CREATEROLE)');
  if (!row.can_end_sessions) lacks.push('The admin may not end sessions (membership in pg_signal_backend)');
  if (!row.can_see_sessions)
    lacks.push("The admin may not see other logins' sessions (membership in pg_read_all_stats)");
  if (!row.can_identify) lacks.push('The admin may not tell this server from another (EXECUTE on pg_control_system())');
  return lacks;
}

/** The remedy is a superuser's, or the owner's; a managed service may have neither to offer. */
function lackOfShutting({ name, owner }: OpenDatabase): string {
  return (
    `The admin may not shut the database ${name} to PUBLIC (its owner ${owner} may: REVOKE CONNECT, TEMPORARY ON DATABASE ` +
    `${name} FROM PUBLIC; ${whereNobodyCan(name)})`
  );
}

function whereNobodyCan(database: string): string {
  if (postgresqlRules.openableDatabases.includes(database)) return 'where nobody can, name it in open_databases';
  return "it cannot stay open: Berth's locks are in it, and whoever enters could take them";
}

/** What only a superuser can do, and Berth does without. docs/engines.md says what follows from each. */
function cannotOf(row: ServerRow, open: OpenDatabase[]): string[] {
  return [
    ...open.map(({ name }) => `Keep the logins of this server out of the database ${name}, which stays open to all`),
    'Keep readers from making large objects',
    'End a connection that is half-way through its login',
    'Get into a full database whose row a prepared transaction holds',
    ...(row.can_hide_failures
      ? []
      : ["Keep the text of a statement that fails out of the server's log; it holds a verifier"]),
  ];
}
