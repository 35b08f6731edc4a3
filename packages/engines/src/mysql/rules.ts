// What MySQL and MariaDB let a thing be called, and the URL their clients read. No driver: the API imports this.
import { Secret, type TlsMode } from '@berth/core';
import type { ConnectionFacts, EngineRules } from '../contract';
import { loginAndPlace, slugOf } from '../rule-parts';
import { mysqlCharsets } from './charsets';
import { CANARY, STORE, SYSTEM_DATABASES } from './names';
import { canBeHeld, DATABASE_BYTES_MAX, LOGIN_BYTES_MAX } from './quote';

const OWN_DATABASES = [...SYSTEM_DATABASES, STORE, CANARY];
/** Databases of these servers' own installers, and what the process list calls sessions that are no login's. */
const RESERVED_WORDS = [
  'test',
  'root',
  'admin',
  'public',
  'none',
  'system user',
  'event_scheduler',
  'unauthenticated user',
  'delayed',
  'mariadb.sys',
  'innodb',
  'ndbinfo',
  'lost+found',
  'rdsadmin',
  'rdsrepladmin',
];
/** `test_` is opened to everybody by old installers, `mysql.` is the server's, `berth_` is ours, `#mysql50#` a file's. */
const RESERVED_PREFIXES = ['test_', 'mysql.', 'berth_', '#mysql50#', 'azure_'];

const TLS_SETTINGS: Record<TlsMode, string> = {
  disable: 'ssl-mode=DISABLED',
  require: 'ssl-mode=REQUIRED',
  'verify-full': 'ssl-mode=VERIFY_IDENTITY',
};

/** The rules of MySQL and MariaDB, the narrower of each two; see ../contract.ts. */
export const mysqlRules: EngineRules = {
  capabilities: {
    emptyDatabases: true,
    charset: true,
    databaseConnectionLimit: false,
    loginConnectionLimit: true,
    sessionsKeepRights: true,
    sessionsInDatabase: true,
    sessionsReachOthers: true,
    writersMakeTables: false,
  },
  charsets: mysqlCharsets,
  databaseNameBytesMax: DATABASE_BYTES_MAX,
  loginNameBytesMax: LOGIN_BYTES_MAX,
  defaultPort: 3306,
  urlProtocols: ['mysql:', 'mariadb:'],
  tlsSettings: TLS_SETTINGS,
  otherSettings: [],
  isReserved,
  isSystemDatabase: (name) => OWN_DATABASES.includes(name.toLowerCase()),
  openableDatabases: ['test'],
  canBeDatabaseName: (name) => canBeName(name, DATABASE_BYTES_MAX),
  canBeLoginName: (name) => canBeName(name, LOGIN_BYTES_MAX),
  canBePassword: (password) => password !== '' && !password.includes('\0'),
  engineNameOf,
  connectionUrl,
};

function isReserved(name: string): boolean {
  const lower = name.toLowerCase();
  const isWord = OWN_DATABASES.includes(lower) || RESERVED_WORDS.includes(lower);
  return isWord || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** Anything in backticks suits the server, but for its length, for what utf8mb3 lacks, and for spaces at the end. */
function canBeName(name: string, bytesMax: number): boolean {
  const isText = name !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(name) && canBeHeld(name);
  return isText && Buffer.byteLength(name) <= bytesMax && !isReserved(name);
}

/** Short enough for a login, for a database and its first login are called the same. */
function engineNameOf(name: string, idTail: string): string {
  return slugOf(name, idTail, LOGIN_BYTES_MAX, RESERVED_PREFIXES);
}

/** `mysql://`, which every client reads. `ssl-mode` is the word of MySQL's own clients; others trip over what they do not
 * know, so it is left out where TLS is not asked for. */
function connectionUrl(facts: ConnectionFacts): Secret {
  const settings = facts.tls === 'disable' ? '' : `?${TLS_SETTINGS[facts.tls]}`;
  return new Secret(`mysql://${loginAndPlace(facts)}${settings}`);
}
