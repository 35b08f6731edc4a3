// What MySQL and MariaDB let a thing be called, and the URL their clients read. No driver: the API imports this.
import { Secret } from '@berth/core';
import type { ConnectionFacts, EngineRules } from '../contract';
import { CANARY, STORE, SYSTEM_DATABASES } from './names';
import { canBeHeld, DATABASE_BYTES_MAX, LOGIN_BYTES_MAX } from './quote';

const TAIL_BYTES = 6; // an underscore and five characters of the id
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

/** The rules of MySQL and MariaDB, the narrower of each two; see ../contract.ts. */
export const mysqlRules: EngineRules = {
  capabilities: {
    emptyDatabases: true,
    charset: true,
    databaseConnectionLimit: false,
    loginConnectionLimit: true,
    sessionsKeepRights: true,
    writersMakeTables: false,
  },
  databaseNameBytesMax: DATABASE_BYTES_MAX,
  loginNameBytesMax: LOGIN_BYTES_MAX,
  defaultPort: 3306,
  urlProtocols: ['mysql:', 'mariadb:'],
  tlsSettings: {
    disable: 'ssl-mode=DISABLED',
    require: 'ssl-mode=REQUIRED',
    'verify-full': 'ssl-mode=VERIFY_IDENTITY',
  },
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
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/gu, '_')
    .replace(/^_+|_+$/gu, '');
  const isPlain = /^[a-z]/.test(slug) && !RESERVED_PREFIXES.some((prefix) => `${slug}_`.startsWith(prefix));
  const start = isPlain ? slug : `db_${slug}`.replace(/_$/, '');
  return `${start.slice(0, LOGIN_BYTES_MAX - TAIL_BYTES)}_${idTail}`;
}

/** `mysql://`, which every client reads. `ssl-mode` is the word of MySQL's own clients; others trip over what they do not
 * know, so it is left out where TLS is not asked for. */
function connectionUrl({ host, port, tls, username, password, database }: ConnectionFacts): Secret {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const login = `${encode(username)}:${encode(password.reveal())}`;
  return new Secret(`mysql://${login}@${address}/${encode(database)}${SSL_MODES[tls]}`);
}

const SSL_MODES: Record<ConnectionFacts['tls'], string> = {
  disable: '',
  require: '?ssl-mode=REQUIRED',
  'verify-full': '?ssl-mode=VERIFY_IDENTITY',
};

/** encodeURIComponent leaves !'()* as they are; RFC 3986 reserves them, and shells and templates trip over them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
