// Who calls with a bearer token, and what they may do. Nothing here says whether a token is unknown, expired or revoked.
import { type Caller, type Context, noteUse } from '@berth/actions';
import { PlatformError, type Scope, Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import type { Access, Store } from '@berth/store';
import type { Request, Response } from 'express';
import { noteAccess } from './access-log';
import { addressOf } from './address';
import type { RateLimits } from './rate-limits';

/** By the hash of a token; null when it opens nothing. */
export type FindBearer = (secretHash: string) => Promise<Access | null>;

/** The token of `Authorization: Bearer …` (the scheme in any case, RFC 9110 11.1); null when there is none. */
export function readBearer(request: Request): Secret | null {
  const token = /^bearer +([^\s]+)$/i.exec(request.get('authorization') ?? '')?.[1];
  return token === undefined ? null : new Secret(token);
}

/**
 * The access of the request's bearer token and where it calls from, noted for the log, the audit and its last use. Throws
 * `unauthenticated`, the same for all; `too_many_requests`. `find` may read more than the access on its way.
 */
export function getBearerAccess(
  api: Context & { limits: RateLimits },
  request: Request,
  response: Response,
  find: FindBearer = api.store.accesses.findBearer,
): Promise<Caller> {
  return getTokenAccess(api, request, response, (token) => find(hashToken(token)));
}

/** The same for bearer tokens of any form: `open` says what one opens; null for nothing. */
export async function getTokenAccess(
  api: Context & { limits: RateLimits },
  request: Request,
  response: Response,
  open: (token: Secret) => Promise<Access | null>,
): Promise<Caller> {
  const token = readBearer(request);
  const access = token === null ? null : await open(token);
  if (access === null) {
    if (token !== null) await api.limits.countRefusal(addressOf(request));
    throw new PlatformError('unauthenticated', 'Send a valid token: `Authorization: Bearer berth_…`.');
  }
  return admit(api, request, response, access);
}

/** Who has proven to be this access calls: noted for the log, the audit and its last use. Throws `too_many_requests`. */
export async function admit(
  { clock, limits, store }: Context & { limits: RateLimits },
  request: Request,
  response: Response,
  access: Access,
): Promise<Caller> {
  noteAccess(response, access);
  await limits.countRequest(access.id);
  noteUse(store, access, clock.now());
  return { ...access, address: addressOf(request) };
}

/** The access that the request's token opens now, for what goes on long after it was let in; null when it opens none. */
export async function findBearerAgain(store: Store, request: Request): Promise<Access | null> {
  const token = readBearer(request);
  return token === null ? null : store.accesses.findBearer(hashToken(token));
}

/** Throws `missing_scope`, naming what would do, unless the access has one of these. None includes another. */
export function requireScope(access: Access, ...anyOf: Scope[]): void {
  if (anyOf.some((scope) => access.scopes.includes(scope))) return;
  throw new PlatformError('missing_scope', `This needs a token with the scope ${anyOf.join(' or ')}.`);
}
