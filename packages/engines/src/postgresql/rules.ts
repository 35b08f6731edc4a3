// What PostgreSQL lets a thing be called, and the URL its clients read. No driver: the API imports this.
import { Secret } from '@berth/core';
import type { ConnectionFacts, EngineRules } from '../contract';
import { CANARY, SYSTEM_DATABASES } from './names';

const NAME_BYTES_MAX = 63;
const TAIL_BYTES = 6; // an underscore and five characters of the id
const OWN_DATABASES = [...SYSTEM_DATABASES, CANARY];
/** Words that CREATE ROLE refuses even in quotes, or that SET ROLE and GRANT read as something else. */
const RESERVED_ROLES = ['public', 'none', 'current_user', 'session_user', 'current_role', 'user'];
/** `pg_` is the server's, `berth_` is ours. */
const RESERVED_PREFIXES = ['pg_', 'berth_'];

/** The groups of a database, of which some are made late (names.ts): a login in their place would keep them from it. */
const GROUP_NAME = /_[0-9a-z]{5}_(owner|writer|reader)$/;

/** The rules of PostgreSQL; see ../contract.ts. */
export const postgresqlRules: EngineRules = {
  capabilities: {
    emptyDatabases: true,
    charset: true,
    databaseConnectionLimit: true,
    loginConnectionLimit: true,
    sessionsKeepRights: true,
    writersMakeTables: false,
  },
  databaseNameBytesMax: NAME_BYTES_MAX,
  loginNameBytesMax: NAME_BYTES_MAX,
  defaultPort: 5432,
  urlProtocols: ['postgres:', 'postgresql:'],
  tlsSettings: { disable: 'sslmode=disable', require: 'sslmode=require', 'verify-full': 'sslmode=verify-full' },
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
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/gu, '_')
    .replace(/^_+|_+$/gu, '');
  const isPlain = /^[a-z]/.test(slug) && !RESERVED_PREFIXES.some((prefix) => `${slug}_`.startsWith(prefix));
  const start = isPlain ? slug : `db_${slug}`.replace(/_$/, '');
  return `${start.slice(0, NAME_BYTES_MAX - TAIL_BYTES)}_${idTail}`;
}

/** `postgresql://`, which every client reads; SQLAlchemy refuses `postgres://`. libpq knows sslmode by these words. */
function connectionUrl({ host, port, tls, username, password, database }: ConnectionFacts): Secret {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const login = `${encode(username)}:${encode(password.reveal())}`;
  return new Secret(`postgresql://${login}@${address}/${encode(database)}?sslmode=${tls}`);
}

/** encodeURIComponent leaves !'()* as they are; RFC 3986 reserves them, and shells and templates trip over them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
