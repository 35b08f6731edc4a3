// Tokens that a signer's own token is exchanged for: JWTs (RFC 7519), good for an hour and for one purpose. Nothing is kept of them:
// each use looks up the signer, so that they end with it, and with its key when that is rotated.
import { type Caller, type Context, openAccessKey } from '@berth/actions';
import { isId, PlatformError, Secret } from '@berth/core';
import { accessOfToken, hashToken, isTokenOfSigner, signingKeyOf } from '@berth/secrets';
import type { Access } from '@berth/store';
import jwt from 'jsonwebtoken';
import { addressOf } from './address';
import { admit, getTokenAccess } from './bearer';
import type { RateLimits } from './rate-limits';
import type { Call } from './route';

type Signing = Pick<Context, 'clock' | 'keyRing' | 'store'>;

const LIFETIME_S = 60 * 60;
const ISSUER = 'berth';
const KIND = 'jwt_signer';

/** What a token is good for: a kind of use, and the thing that it is about. */
export interface Purpose {
  audience: string;
  subject: string;
}

/**
 * Who calls with a signer's own token: noted for the log, the audit and its last use. Throws `unauthenticated`, the same for
 * all; `too_many_requests`, before anything is computed, where an address was refused too often.
 */
export async function getSigner(
  api: Context & { limits: RateLimits },
  { request, response }: Call,
  token: Secret,
): Promise<Caller> {
  const giveBack = await api.limits.countGuess(addressOf(request), null);
  const access = await findSigner(api, token);
  if (access === null) throw new PlatformError('unauthenticated', 'This token opens nothing.');
  await giveBack();
  return admit(api, request, response, access);
}

/**
 * Who calls with a bearer token: one that was signed and is good for this, or that of a bearer access, which is good for
 * everything. Throws what `getBearerAccess` does.
 */
export function getAccessFor(
  api: Context & { limits: RateLimits },
  { request, response }: Call,
  isGood: (purpose: Purpose) => boolean,
): Promise<Caller> {
  return getTokenAccess(api, request, response, async (token) => {
    if (!isSignedToken(token)) return api.store.accesses.findBearer(hashToken(token));
    const opened = await openSigned(api, token);
    return opened !== null && isGood(opened.purpose) ? opened.access : null;
  });
}

/** The living signer whose own token this is; null for every other text. */
export async function findSigner({ keyRing, store }: Signing, token: Secret): Promise<Access | null> {
  const id = accessOfToken(token);
  const access = id === null ? null : await store.accesses.findLiving(id, KIND);
  return access !== null && isTokenOfSigner(token, access.id, openAccessKey(keyRing, access)) ? access : null;
}

/** A token for this purpose, which says when it ends (`exp`). Throws `missing_scope` for an access that signs none. */
export function signToken({ clock, keyRing }: Signing, access: Access, { audience, subject }: Purpose): Secret {
  if (access.kind !== KIND) {
    throw new PlatformError('missing_scope', 'This access signs no tokens: it is used as it is.');
  }
  const issuedAt = secondsOf(clock);
  const claims = { iss: ISSUER, aud: audience, sub: subject, iat: issuedAt, exp: issuedAt + LIFETIME_S };
  const key = signingKeyOf(openAccessKey(keyRing, access));
  return new Secret(jwt.sign(claims, key, { algorithm: 'HS256', keyid: access.id }));
}

/** Whether it has the form of a signed token: three parts (RFC 7515, 3.1). Says nothing of who signed it. */
export function isSignedToken(token: Secret): boolean {
  return token.reveal().split('.').length === 3;
}

/** The living signer of a token that is good now, and its purpose; null for every other text. */
export async function openSigned(
  { clock, keyRing, store }: Signing,
  token: Secret,
): Promise<{ access: Access; purpose: Purpose } | null> {
  const id = signerOf(token);
  const access = id === null ? null : await store.accesses.findLiving(id, KIND);
  if (access === null) return null;
  const key = signingKeyOf(openAccessKey(keyRing, access));
  const purpose = orNull(() => {
    const clockTimestamp = secondsOf(clock);
    return jwt.verify(token.reveal(), key, { algorithms: ['HS256'], issuer: ISSUER, clockTimestamp });
  });
  if (purpose === null || typeof purpose === 'string') return null;
  const { aud: audience, exp, sub: subject } = purpose;
  if (typeof audience !== 'string' || subject === undefined || exp === undefined) return null;
  return { access, purpose: { audience, subject } };
}

/** Whom it names as its signer, whether or not that is so. */
function signerOf(token: Secret): string | null {
  const id = orNull(() => jwt.decode(token.reveal(), { complete: true }))?.header.kid;
  return typeof id === 'string' && isId('access', id) ? id : null;
}

/** What the library throws is always the same to us: it is no token of ours. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function secondsOf({ now }: Signing['clock']): number {
  return Math.floor(now().getTime() / 1_000);
}
