// What MongoDB lets a thing be called, and the URL its clients read. No driver: the API imports this.
import { Secret, type TlsMode } from '@berth/core';
import type { ConnectionFacts, EngineRules } from '../contract';
import { loginAndPlace, slugOf } from '../rule-parts';
import { CANARY, HOLDER_PREFIX, REGISTRY, SYSTEM_DATABASES } from './names';

/** The server takes fewer than 64 bytes. https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const NAME_BYTES_MAX = 63;
const OWN_DATABASES = [...SYSTEM_DATABASES, REGISTRY, CANARY];
/** What a server on any system refuses in the name of a database. */
const NOT_IN_DATABASES = /[/\\. "$*<>:|?]/;
/** SCRAM escapes them in names, and the driver of Node.js (7.9) the first of each alone. */
const NOT_IN_LOGINS = /[=,]/;
/** What SASLprep forbids or does not know (RFC 4013, of Unicode 3.2): servers and drivers refuse to log in with it. */
const NOT_IN_PASSWORDS = /\p{C}|[\u{10000}-\u{10ffff}]/u;

const TLS_SETTINGS: Record<TlsMode, string> = {
  disable: 'tls=false',
  require: 'tls=true&tlsInsecure=true',
  'verify-full': 'tls=true',
};
/** Logins live there, whatever database is named. */
const IN_ADMIN = 'authSource=admin';

/** The rules of MongoDB; see ../contract.ts. */
export const mongodbRules: EngineRules = {
  capabilities: {
    emptyDatabases: false,
    charset: false,
    databaseConnectionLimit: false,
    loginConnectionLimit: false,
    sessionsKeepRights: false,
    sessionsInDatabase: false,
    sessionsReachOthers: true,
    writersMakeTables: true,
  },
  charsets: null,
  databaseNameBytesMax: NAME_BYTES_MAX,
  loginNameBytesMax: NAME_BYTES_MAX, // ours: the server has no limit that anybody would meet
  defaultPort: 27017,
  urlProtocols: ['mongodb:'],
  tlsSettings: TLS_SETTINGS,
  otherSettings: [IN_ADMIN],
  isReserved,
  isSystemDatabase: (name) => OWN_DATABASES.includes(name.toLowerCase()),
  openableDatabases: [],
  canBeDatabaseName,
  canBeLoginName: (name) => isText(name) && !isReserved(name) && !NOT_IN_LOGINS.test(name),
  canBePassword: (password) => password !== '' && !NOT_IN_PASSWORDS.test(password),
  engineNameOf,
  connectionUrl,
};

function isReserved(name: string): boolean {
  const lower = name.toLowerCase();
  return OWN_DATABASES.includes(lower) || lower.startsWith('berth_') || lower.startsWith(HOLDER_PREFIX);
}

/**
 * The server keeps `Shop` and takes no `shop` beside it. No database is given a name with capitals, and so none is refused for
 * the case of a neighbour's.
 */
function canBeDatabaseName(name: string): boolean {
  return isText(name) && !isReserved(name) && name === name.toLowerCase() && !NOT_IN_DATABASES.test(name);
}

/** Text that fits. */
export function isText(name: string): boolean {
  return name !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(name) && Buffer.byteLength(name) <= NAME_BYTES_MAX;
}

/** Whether the server can have a database of this name, whoever it belongs to. */
export function isDatabaseName(name: string): boolean {
  return isText(name) && !NOT_IN_DATABASES.test(name);
}

function engineNameOf(name: string, idTail: string): string {
  return slugOf(name, idTail, NAME_BYTES_MAX, ['berth_']);
}

/** The options of the connection string that every driver reads; logins live in `admin`, whatever database is named. */
function connectionUrl(facts: ConnectionFacts): Secret {
  const settings = facts.tls === 'disable' ? '' : `&${TLS_SETTINGS[facts.tls]}`;
  return new Secret(`mongodb://${loginAndPlace(facts)}?${IN_ADMIN}${settings}`);
}
