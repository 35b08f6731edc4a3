// The admin access to a server: given as a URL, kept sealed, opened only by a worker.
import { type EngineName, fieldError, PlatformError, Secret, TLS_MODES, type TlsMode } from '@berth/core';
import type { ServerAdmin } from '@berth/engines/contract';
import { rulesOf } from '@berth/engines/rules';
import type { KeyRing } from '@berth/secrets';
import type { Server } from '@berth/store';
import { adminContext } from '../sealed-contexts';

/**
 * Reads an admin URL of this engine (`postgres://user:password@host:5432`). Throws `invalid_request` on field `admin_url`, never
 * repeating what was given: it holds a password.
 */
export function readAdminUrl(engine: EngineName, text: Secret): ServerAdmin {
  const { defaultPort, tlsSettings, urlProtocols } = rulesOf(engine);
  const url = URL.canParse(text.reveal()) ? new URL(text.reveal()) : null;
  const tls = readTls(engine, url?.searchParams);
  const username = decode(url?.username);
  const password = decode(url?.password);
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  const isWhole = username !== '' && password !== '' && host !== '' && url?.port !== '0';
  if (url === null || !urlProtocols.includes(url.protocol) || tls === undefined || !isWhole || url.hash !== '') {
    const settings = Object.values(tlsSettings).map((each) => `?${each}`);
    const form = `${urlProtocols[0]}//user:password@host:${defaultPort}, with ${settings.join(' or ')} and no other setting`;
    const fields = [{ field: 'admin_url', message: `must look like ${form}; percent-encode user and password` }];
    throw new PlatformError('invalid_request', 'The admin URL cannot be read.', { fields });
  }
  const port = url.port === '' ? defaultPort : Number(url.port);
  return { host, port, tls, username, password: new Secret(password) };
}

/** Reads which system databases stay open on a server of this engine. Throws `invalid_request` on field `open_databases`. */
export function readOpenDatabases(engine: EngineName, names: string[]): string[] {
  const { openableDatabases: openable } = rulesOf(engine);
  if (names.every((name) => openable.includes(name))) return [...new Set(names)].sort();
  const message = openable.length === 0 ? `${engine} has none` : `may name ${openable.join(', ')}`;
  throw fieldError('invalid_request', 'open_databases', message);
}

/** The mode that the settings of a URL ask for; undefined where one would not be heeded: who gave it would rely on it. */
function readTls(engine: EngineName, asked: URLSearchParams | undefined): TlsMode | undefined {
  const { otherSettings, tlsSettings } = rulesOf(engine);
  const settings = [...(asked ?? [])].map(([name, value]) => `${name}=${value}`);
  const left = settings
    .filter((each) => !otherSettings.includes(each))
    .sort()
    .join('&');
  return left === '' ? 'disable' : TLS_MODES.find((mode) => tlsSettings[mode].split('&').sort().join('&') === left);
}

/** Percent-decoded; empty when that cannot be done (`%zz` is no URL's), or when no engine takes it: `%00`. */
function decode(part: string | undefined): string {
  try {
    const text = decodeURIComponent(part ?? '');
    return /\p{Cc}/u.test(text) ? '' : text;
  } catch {
    return ''; // decodeURIComponent has no form that does not throw
  }
}

/** Seals login and password so that they open for this server alone. */
export function sealAdmin(keyRing: KeyRing, serverId: string, admin: ServerAdmin): string {
  return keyRing.seal(new Secret(JSON.stringify([admin.username, admin.password.reveal()])), adminContext(serverId));
}

/** The admin access of a server. Throws `key_missing`. */
export function openAdmin(keyRing: KeyRing, server: Server): ServerAdmin {
  const opened: unknown = JSON.parse(keyRing.open(server.admin_sealed, adminContext(server.id)).reveal());
  const [username, password] = Array.isArray(opened) ? opened : [];
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new PlatformError('internal', 'The sealed admin access of the server has not the form it was stored in.');
  }
  const { ca_certificate: caCertificate, host, open_databases: openDatabases, port } = server;
  return { host, port, tls: tlsOf(server), caCertificate, username, password: new Secret(password), openDatabases };
}

/** The mode of a stored server. */
export function tlsOf(server: Pick<Server, 'tls'>): TlsMode {
  const tls = TLS_MODES.find((mode) => mode === server.tls);
  if (tls === undefined) throw new PlatformError('internal', `The store names a TLS mode "${server.tls}".`);
  return tls;
}
