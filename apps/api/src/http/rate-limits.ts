// How often one caller may come: an access with any request, an address and a login with what opens nothing. Counted in each process
// by itself: a limit keeps a loop that ran away from taking the room of others, it is no bill.
import { isIP } from 'node:net';
import { PlatformError } from '@berth/core';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const WINDOW_S = 60;
/** Each is a team and a login that stay, so fewer than what is only refused; one household or office comes from one address. */
const SIGN_UPS = { count: 10, windowS: 60 * 60 };

/** Per minute and process; 0 is no limit. */
export interface RateLimitOptions {
  /** Requests of one access. */
  requestsPerMinute: number;
  /** Tokens and passwords that open nothing, from one address, or network of IPv6; passwords for one login, from all. With 0 sign-ups have none either. */
  refusalsPerMinute: number;
}

export interface RateLimits {
  /** Counts a request of an access. Throws `too_many_requests`, saying when to come again. */
  countRequest(accessId: string): Promise<void>;
  /** Counts a token or password that opens nothing. Throws `too_many_requests` in place of saying so once more. */
  countRefusal(address: string | null): Promise<void>;
  /**
   * Counts a password that may open nothing, before it is looked at. Resolves with what takes that back. Throws
   * `too_many_requests` when its address or its login, whether that exists or not, was refused too often. Without a login its
   * address alone counts: for secrets that nobody guesses, so that nobody shuts another out.
   */
  countGuess(address: string | null, login: string | null): Promise<() => Promise<void>>;
  /** Counts somebody who signs up, before the password is hashed. Throws `too_many_requests` where it is one too many of an address in an hour. */
  countSignUp(address: string | null): Promise<void>;
}

/** Holds nothing open: counts are forgotten with the process. */
export function openRateLimits({ requestsPerMinute, refusalsPerMinute }: RateLimitOptions): RateLimits {
  const requests = limiterOf(requestsPerMinute);
  const refusals = limiterOf(refusalsPerMinute);
  const guesses = limiterOf(refusalsPerMinute);
  const signUps = limiterOf(refusalsPerMinute === 0 ? 0 : SIGN_UPS.count, SIGN_UPS.windowS);
  return {
    countRequest: (accessId) => count(requests, accessId, 'requests by this access'),
    countRefusal: (address) => count(refusals, callerAt(address), FROM_ADDRESS),
    async countGuess(address, login) {
      await count(refusals, callerAt(address), FROM_ADDRESS);
      if (login !== null) await count(guesses, login, 'wrong passwords for this login');
      return async () => {
        await refusals?.reward(callerAt(address));
        if (login !== null) await guesses?.reward(login);
      };
    },
    countSignUp: (address) => count(signUps, callerAt(address), 'sign-ups from this address'),
  };
}

/**
 * Whom an address counts as: of IPv6 the first half, for the other one is whoever has the network's own to choose
 * (RFC 4291, 2.5.4; RFC 6177).
 */
function callerAt(address: string | null): string {
  if (address === null) return 'unknown';
  const [plain = ''] = address.split('%');
  if (isIP(plain) !== 6) return address;
  const [left = [], right = []] = plain.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => '0');
  const network = [...left, ...zeros, ...right].slice(0, GROUPS / 2);
  return network.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

const GROUPS = 8;

const FROM_ADDRESS = 'refused sign-ins from this address';

function limiterOf(points: number, windowS = WINDOW_S): RateLimiterMemory | null {
  return points === 0 ? null : new RateLimiterMemory({ points, duration: windowS });
}

async function count(limiter: RateLimiterMemory | null, key: string, what: string): Promise<void> {
  if (limiter === null) return;
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const retryAfterMs = refused.msBeforeNext;
    const seconds = Math.ceil(retryAfterMs / 1_000);
    const message = `More than ${limiter.points} ${what} ${limiter.duration === WINDOW_S ? 'in a minute' : 'in an hour'}. Come again in ${seconds} s.`;
    throw new PlatformError('too_many_requests', message, { retryAfterMs });
  }
}
