// What PostgreSQL lets a thing be called, and the URL its clients read. No driver: the API imports this.
import { Secret, type TlsMode } from '@berth/core';
import type { ConnectionFacts, EngineRules } from '../contract';
import { loginAndPlace, slugOf } from '../rule-parts';
import { postgresqlCharsets } from './charsets';
import { CANARY, SYSTEM_DATABASES } from './names';

const NAME_BYTES_MAX = 63;
const OWN_DATABASES = [...SYSTEM_DATABASES, CANARY];
/** Words that CREATE ROLE refuses even in quotes, or that SET ROLE and GRANT read as something else. */
const RESERVED_ROLES = ['public', 'none', 'current_user', 'session_user', 'current_role', 'user'];
/** `pg_` is the server's, `berth_` is ours. */
const RESERVED_PREFIXES = ['pg_', 'berth_'];

/** The groups of a database, of which some are made late (names.ts): a login in their place would keep them from it. */
const GROUP_NAME = /_[0-9a-z]{5}_(owner|writer|reader)$/;

const TLS_SETTINGS: Record<TlsMode, string> = {
  disable: 'sslmode=disable',
  require: 'sslmode=require',
  'verify-full': 'sslmode=verify-full',
};

/** The rules of PostgreSQL; see ../contract.ts. */
export const postgresqlRules: EngineRules = {
  capabilities: {
    emptyDatabases: true,
    charset: true,
    databaseConnectionLimit: true,
    loginConnectionLimit: true,
    sessionsKeepRights: true,
    sessionsInDatabase: true,
    sessionsReachOthers: false,
    writersMakeTables: false,
  },
  charsets: postgresqlCharsets,
  databaseNameBytesMax: NAME_BYTES_MAX,
  loginNameBytesMax: NAME_BYTES_MAX,
  defaultPort: 5432,
  urlProtocols: ['postgres:', 'postgresql:'],
  tlsSettings: TLS_SETTINGS,
  otherSettings: [],
  isReserved,
  isSystemDatabase: (name) => OWN_DATABASES.includes(name.toLowerCase()),
  openableDatabases: ['template1'], // in `postgres` are our locks, which whoever enters could take
  canBeDatabaseName: canBeName,
  canBeLoginName: (name) => canBeName(name) && !GROUP_NAME.test(name),
  canBePassword: (password) => password !== '' && !password.includes('\0'),
  engineNameOf,
  connectionUrl,
};

function isReserved(name: string): boolean {
  const lower = name.toLowerCase();
  const isWord = OWN_DATABASES.includes(lower) || RESERVED_ROLES.includes(lower) || lower === 'berth';
  return isWord || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** Anything in quotes suits the server, but for its length and characters that are no text. */
function canBeName(name: string): boolean {
  const isText = name !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(name);
  return isText && Buffer.byteLength(name) <= NAME_BYTES_MAX && !isReserved(name);
}

function engineNameOf(name: string, idTail: string): string {
  return slugOf(name, idTail, NAME_BYTES_MAX, RESERVED_PREFIXES);
}

/** `postgresql://`, which every client reads; SQLAlchemy refuses `postgres://`. libpq knows sslmode by these words. */
function connectionUrl(facts: ConnectionFacts): Secret {
  return new Secret(`postgresql://${loginAndPlace(facts)}?${TLS_SETTINGS[facts.tls]}`);
}
