// Once per run, before the first test: start the servers and tell the test processes where they are.
import { ensureProgram, MARIADB, REDIS } from './ensure-program';
import { findMemoryFolder, makeTemporaryFolder, removeAbandoned } from './memory-folder';
import { type TriedOn, versionOf } from './run-table';
import { type RunServers, startServers } from './servers';
import { mongodbTriedOn } from './test-mongodb';
import { debianBinaries, NO_OLDEST_POSTGRESQL, OLDEST_POSTGRESQL } from './test-postgresql';

const DOUBLE_WARNING =
  'no MongoDB is here (BERTH_TEST_MONGODB_URL, or mongod on PATH): its tests run on a double, and prove nothing of MongoDB itself';

declare global {
  /** Jest runs setup and teardown in one process and offers nothing else to hand over from one to the other. */
  var berthTestServers: RunServers | undefined;
  var berthTriedOn: TriedOn[];
}

/** Starts the servers of the run and names them in BERTH_TEST_*; test processes inherit the environment. */
export default async function setup(): Promise<void> {
  const memory = process.env.TMPDIR === undefined ? await findMemoryFolder() : null;
  if (memory !== null) {
    await removeAbandoned(memory);
    process.env.TMPDIR = memory;
  }
  const noRedis = ensureProgram(REDIS);
  const noMariadb = ensureProgram(MARIADB);
  const servers = await startServers({ redis: noRedis === null, mariadb: noMariadb === null });
  globalThis.berthTestServers = servers;
  if (memory !== null) process.env.TMPDIR = await makeTemporaryFolder(servers.home); // what a killed test leaves goes with the run
  globalThis.berthTriedOn = [
    triedOn('PostgreSQL', "real, npm's", servers.postgresProgram),
    triedOn('PostgreSQL', "real, Debian's", debianBinaries(OLDEST_POSTGRESQL)?.postgres, NO_OLDEST_POSTGRESQL),
    triedOn('MariaDB', 'real', MARIADB.program, noMariadb),
    triedOn('MySQL', 'real', undefined, 'Debian has none'),
    mongodbTriedOn(servers.mongodb),
    triedOn('Redis', 'real', REDIS.program, noRedis),
  ];
  process.env.BERTH_TEST_HOME = servers.home;
  process.env.BERTH_TEST_STORE_URL = servers.store.url().reveal();
  process.env.BERTH_TEST_STORE_LOG = servers.store.logFile;
  process.env.BERTH_TEST_POSTGRESQL_URL = servers.postgresql.url().reveal();
  process.env.BERTH_TEST_POSTGRESQL_LOG = servers.postgresql.logFile;
  process.env.BERTH_TEST_MONGODB_AT = servers.mongodb.url.reveal(); // not …_URL: a second run of one process would take the first one's double for named
  if (process.env.CI === 'true' && !servers.mongodb.isReal) process.stderr.write(`warning: ${DOUBLE_WARNING}\n`);
  if (servers.redis !== null) process.env.BERTH_TEST_REDIS_URL = servers.redis.url.reveal();
  if (servers.mariadb !== null) process.env.BERTH_TEST_MYSQL_URL = servers.mariadb.url.reveal();
  if (noMariadb !== null) process.env.BERTH_TEST_NO_MARIADB = noMariadb;
  if (noRedis !== null) process.env.BERTH_TEST_NO_REDIS = noRedis;
}

function triedOn(server: string, what: string, program: string | undefined, reason: string | null = null): TriedOn {
  const version = program === undefined ? null : versionOf(program);
  return { server, version, what: version === null ? `left out: ${reason}` : what };
}
