// What a BERTH_QUEUE_URL of Redis may say. A URL that is wrong is refused when a process starts, and never repeated.
import { PlatformError, type Secret } from '@berth/core';

/** Where Redis is, and how to get in. */
export interface RedisPlace {
  /** One is a server of its own; several are nodes of a Cluster, which tells of the others. */
  nodes: { host: string; port: number }[];
  username?: string;
  password?: string;
  db?: number;
  /** Empty: the certificate is checked against the CAs that Node trusts. */
  tls?: object;
}

const DEFAULT_PORT = 6_379;
const PORT_MAX = 65_535;

/** Scheme, user, password, hosts, number. What else a password may hold is percent-encoded. */
const FORM = /^(rediss?):\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]+)(?:\/(\d{1,5})?)?$/;

/**
 * Reads `redis://[user:password@]host[:port][,host[:port]…][/number]`, or `rediss://` for TLS. Throws `invalid_request`,
 * which names the variable and never shows the value.
 */
export function parseRedisUrl(url: Secret): RedisPlace {
  const [, protocol, username, password, hosts, db] = FORM.exec(url.reveal()) ?? [];
  if (hosts === undefined) {
    throw wrong('must be redis://[user:password@]host[:port][,host[:port]…][/number]; percent-encode @ / ? # : %');
  }
  const nodes = hosts.split(',').map(parseNode);
  if (nodes.length > 1 && db !== undefined) throw wrong('a Cluster has one database: leave out the number');
  if (username !== undefined && (password ?? '') === '') {
    throw wrong('has a user or a colon, and no password; without a user it is redis://:password@host');
  }
  return {
    nodes,
    ...(username !== undefined && username !== '' && { username: decoded(username) }),
    ...(password !== undefined && { password: decoded(password) }),
    ...(db !== undefined && { db: Number(db) }),
    ...(protocol === 'rediss' && { tls: {} }),
  };
}

/** `host`, `host:port`, `[::1]:port`. */
function parseNode(text: string): { host: string; port: number } {
  const [, bracketed, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) throw wrong('each host is a name, an IPv4 address or an IPv6 address in brackets');
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > PORT_MAX) throw wrong(`a port is a number from 1 to ${PORT_MAX}`);
  return { host, port };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('user and password must be percent-encoded: a % stands before two hexadecimal digits'); // no cause: it would show them
  }
}

function wrong(message: string): PlatformError {
  const field = 'BERTH_QUEUE_URL';
  return new PlatformError('invalid_request', `${field} ${message}.`, { fields: [{ field, message }] });
}
