// What a server is and whether this admin can do Berth's work on it.
import { PlatformError } from '@berth/core';
import type { ServerFacts } from '../contract';
import type { Admin } from './admin';
import { observeOpenness } from './everybody';
import { observeRights } from './rights';
import { ensureStore, findServerRow } from './store';

interface ServerRow {
  connections_max: number;
  read_only: number | string;
}

/**
 * As EngineSession.observeServer promises. The identity is a random one in Berth's own database, made here where the admin
 * is fit: it goes with the data. Numbers of the server's own do not: MySQL's `server_uuid` changes with a failover to a
 * replica, MariaDB's `server_uid` is made of a network card and a port, which containers share and change.
 */
export async function observeServer(admin: Admin): Promise<ServerFacts> {
  const [row] = await admin.main.query<ServerRow>(
    'SELECT @@max_connections AS connections_max, @@global.read_only AS read_only',
  );
  if (!row) throw new PlatformError('engine_refused', 'The server says nothing of itself');
  const rights = await observeRights(admin);
  const lacks = [...(await lacksOf(admin, row)), ...rights.lacks];
  const cannot = [...rights.cannot];
  if (lacks.length === 0) {
    const openness = await observeOpenness(admin);
    lacks.push(...openness.lacks);
    cannot.push(...openness.cannot);
  }
  if (lacks.length === 0) await ensureStore(admin);
  return {
    identity: (await findServerRow(admin))?.identity ?? `address:${admin.server.host}:${admin.server.port}`,
    version: admin.version,
    connectionsMax: Number(row.connections_max),
    lacks,
    cannot,
  };
}

async function lacksOf(admin: Admin, row: ServerRow): Promise<string[]> {
  const lacks: string[] = [];
  const oldest = admin.isMariaDb ? { name: 'MariaDB', major: 10, minor: 6 } : { name: 'MySQL', major: 8, minor: 0 };
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(admin.version) ?? [];
  const isOld = Number(major) < oldest.major || (Number(major) === oldest.major && Number(minor) < oldest.minor);
  const { name, major: oldestMajor, minor: oldestMinor } = oldest;
  if (isOld)
    lacks.push(`${name} ${admin.version} is older than ${oldestMajor}.${oldestMinor}, the oldest that is supported`);
  if (!['0', 'OFF'].includes(String(row.read_only))) lacks.push('The server is read-only and cannot be written to');
  if (await refusesHashes(admin)) {
    lacks.push(
      'The server wants to read passwords, and takes no hashes of them (SET GLOBAL strict_password_validation = OFF)',
    );
  }
  if (!admin.activePlugins.includes(admin.plugin)) lacks.push(NO_PLUGIN);
  const nodes = await clusterSize(admin);
  if (nodes > 1)
    lacks.push(
      `The server is one of ${nodes} nodes that are all written to (Galera): sessions on the others are not seen`,
    );
  return lacks;
}

const NO_PLUGIN =
  'The server has no way to log in for which Berth can make passwords (caching_sha2_password of MySQL, mysql_native_password): ' +
  'SHOW PLUGINS tells which are active';

async function clusterSize({ main }: Admin): Promise<number> {
  const rows = await main.query<{ Value: string }>(`SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'`);
  return Number(rows[0]?.Value ?? 0);
}

/** MariaDB with a plugin that checks passwords refuses what it cannot check. */
async function refusesHashes({ isMariaDb, main }: Admin): Promise<boolean> {
  if (!isMariaDb) return false;
  const [row] = await main.query<{ plugins: number }>(
    `SELECT @@strict_password_validation AND COUNT(*) > 0 AS plugins FROM information_schema.plugins
      WHERE plugin_type = 'PASSWORD VALIDATION' AND plugin_status = 'ACTIVE'`,
  );
  return Number(row?.plugins) === 1;
}
