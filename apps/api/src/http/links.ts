// Addresses that answers tell, as the caller would write them: by the host, the scheme and the prefix that the request came
// with. Nothing of it is written that is no host or no path: then the address stands that this process was reached at.
import { isIP } from 'node:net';
import type { Request } from 'express';
import { findOwnHost } from './own-host';

/** A name has 253 letters at most (RFC 1035, 2.3.4). An underscore is no letter of one, and common between containers. */
const NAME = /^[a-z0-9_]([a-z0-9._-]{0,252})$/i;
/** Segments of plain letters; one of dots alone would lead elsewhere. */
const PREFIX = /^(\/(?!\.+(\/|$))[\w.~-]+)*$/;
const PREFIX_LENGTH_MAX = 200;
const PORT_MAX = 65_535;

/** The absolute URL, as this caller would write it, of a path inside the dialect that answers: `linkTo(request, '/database/1/')`. */
export function linkTo(request: Request, path: string): string {
  return `${originOf(request)}${pathTo(request, path)}`;
}

/** The same without scheme and host: `/dbaas/v1/actions/…` where a trusted proxy took `/dbaas` off. */
export function pathTo(request: Request, path: string): string {
  const mount = request.baseUrl.slice(findOwnHost(request.res)?.lead.length);
  return `${prefixOf(request)}${mount}${path}`;
}

/** The absolute URL that was asked for, with its query, as the caller wrote it: nothing in it is decoded or encoded. */
export function askedUrl(request: Request): string {
  const target = request.originalUrl.replace(/^https?:\/\/[^/?#]*/i, ''); // a proxy may be asked for a whole URL (RFC 9112, 3.2.2)
  return `${originOf(request)}${prefixOf(request)}${target.startsWith('/') ? '' : '/'}${target}`;
}

/**
 * The host with its port that the request came to, as the caller wrote it: `X-Forwarded-Host` of a trusted proxy, or `Host`.
 * `X-Forwarded-Port` is not read: proxies behind another tell their own. Null when there is none or it cannot be one.
 */
export function hostOf(request: Request): string | null {
  const said: string | undefined = request.host; // undefined from callers that speak HTTP/1.0, whatever the type says
  return said !== undefined && isHost(said) ? said : null;
}

function originOf(request: Request): string {
  const scheme = request.protocol.toLowerCase() === 'https' ? 'https' : 'http'; // a proxy's word may be any
  return `${scheme}://${hostOf(request) ?? ownHostOf(request)}`;
}

function ownHostOf({ socket }: Request): string {
  const { localAddress, localPort } = socket;
  if (localAddress === undefined || localPort === undefined) return 'localhost'; // the caller has left, and reads nothing
  return `${isIP(localAddress) === 6 ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** What a trusted proxy took off the path before it passed the request on. */
function prefixOf(request: Request): string {
  const said = request.get('x-forwarded-prefix');
  if (said === undefined || !isFromTrusted(request)) return '';
  const prefix = (said.split(',')[0] ?? '').trim().replace(/\/$/, '');
  return prefix.length <= PREFIX_LENGTH_MAX && PREFIX.test(prefix) ? prefix : '';
}

function isFromTrusted({ app, socket }: Request): boolean {
  const isTrusted: unknown = app.get('trust proxy fn'); // of `trustProxies`
  return typeof isTrusted === 'function' && isTrusted(socket.remoteAddress, 0) === true;
}

function isHost(text: string): boolean {
  const [, bracketed, name = '', port = '0'] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (Number(port) > PORT_MAX) return false;
  return bracketed === undefined ? NAME.test(name) : isIP(bracketed) === 6 && !bracketed.includes('%');
}
