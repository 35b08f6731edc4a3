// Who calls with a login and a password (RFC 7617). Nothing here says whether a login is unknown, its password wrong, or
// the access expired or revoked: neither in words, nor by the time it takes.
import { isUtf8 } from 'node:buffer';
import { type Caller, type Context, noteUse } from '@berth/actions';
import { isLogin, PlatformError, Secret } from '@berth/core';
import type { Access } from '@berth/store';
import type { Request, Response } from 'express';
import { noteAccess } from './access-log';
import { addressOf } from './address';
import { refuseOtherSites } from './other-sites';
import type { Guess, Proofs } from './proofs';
import type { RateLimits } from './rate-limits';

/** What is in `Authorization`. Another scheme, or none, is `none`. */
export type SentBasic =
  | { kind: 'none' }
  | { kind: 'broken'; why: 'empty' | 'spaces' | 'encoding' }
  | { kind: 'sent'; login: string; password: Secret };

/**
 * The login and password of `Authorization: Basic …` (the scheme in any case). As Django REST framework reads it: nothing
 * after the scheme is `empty`, more than one word `spaces`; what is no base64 with its padding, or has no colon, is
 * `encoding`. Bytes that are not UTF-8 are Latin-1, as older clients send it.
 */
export function readBasic(request: Request): SentBasic {
  const [scheme = '', encoded, ...rest] = (request.get('authorization') ?? '').trim().split(/[ \t]+/);
  if (scheme.toLowerCase() !== 'basic') return { kind: 'none' };
  if (encoded === undefined) return { kind: 'broken', why: 'empty' };
  if (rest.length > 0) return { kind: 'broken', why: 'spaces' };
  const text = decode(encoded);
  const colon = text?.indexOf(':') ?? -1;
  if (text === null || colon < 0) return { kind: 'broken', why: 'encoding' };
  return { kind: 'sent', login: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

/**
 * The access of this login and where it calls from, noted for the log, the audit and its last use. Throws
 * `unauthenticated` with `refusal` for its message, the same for all; `too_many_requests`, before a hash is computed,
 * where an address or a login was refused too often; who proved its password lately does not meet that limit. Throws
 * `missing_scope` for a write that a page of another site has a browser send.
 */
export async function getBasicAccess(
  api: Context & { limits: RateLimits; proofs: Proofs },
  { login, password }: { login: string; password: Secret },
  request: Request,
  response: Response,
  refusal: string,
): Promise<Caller> {
  const address = addressOf(request);
  const access = await proveLogin(api, { login, password }, address, refusal);
  noteAccess(response, access);
  if (!READS.includes(request.method)) refuseOtherSites(request); // browsers add a password by themselves
  await api.limits.countRequest(access.id);
  noteUse(api.store, access, api.clock.now());
  return { ...access, address };
}

/**
 * The access of this login, whose password this is: nothing is noted yet but the guess. Throws `unauthenticated` with `refusal`,
 * and `too_many_requests`, as `getBasicAccess` does.
 */
export async function proveLogin(
  api: Context & { limits: RateLimits; proofs: Proofs },
  { login, password }: { login: string; password: Secret },
  address: string | null,
  refusal: string,
): Promise<Access> {
  const access = isLogin(login) ? await api.store.accesses.findBasic(login) : null;
  const guess = { login, secretHash: access?.secret_hash ?? null, password };
  const isRight = (await api.proofs.isProven(guess)) || (await prove(api, guess, address));
  if (access === null || !isRight) throw new PlatformError('unauthenticated', refusal);
  return access;
}

/** It is counted before it is known to be wrong, so that many at once are no more guesses; a right one is given back. */
async function prove(
  { limits, proofs }: { limits: RateLimits; proofs: Proofs },
  guess: Guess,
  address: string | null,
): Promise<boolean> {
  const counted = isLogin(guess.login) ? guess.login : NO_LOGIN; // each is kept for a minute: long ones from everywhere would fill the memory
  const giveBack = await limits.countGuess(address, counted);
  let isWrong = false;
  try {
    const isRight = await proofs.prove(guess);
    isWrong = !isRight;
    return isRight;
  } finally {
    if (!isWrong) await giveBack();
  }
}

const READS = ['GET', 'HEAD', 'OPTIONS'];

/** What can be nobody's login is counted as one. */
const NO_LOGIN = '';

/** Null for what is no base64 (RFC 4648, 4). */
function decode(encoded: string): string | null {
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return null;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
