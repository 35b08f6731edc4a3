// Where a request comes from: the peer, or what a proxy that operators trust says of it. Never what a stranger says.
import { isIP } from 'node:net';
import type { Express, Request } from 'express';

/** IPv4 as a socket of IPv6 shows it (RFC 4291, 2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Believes the headers `X-Forwarded-…` of these peers, and of no other. */
export function trustProxies(app: Express, proxies: string[]): void {
  app.set('trust proxy', proxies);
}

/** The peer's address; null when it left before it was asked for, or when a trusted proxy says what is none. */
export function addressOf(request: Request): string | null {
  // where nobody speaks for another, Express comes to the same after a longer way
  const isPeer = request.headers['x-forwarded-for'] === undefined;
  const said = isPeer ? request.socket.remoteAddress : request.ip;
  const address = (said ?? '').replace(MAPPED, '');
  return isIP(address) === 0 ? null : address;
}
