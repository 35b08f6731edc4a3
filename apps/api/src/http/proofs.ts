// Passwords that were proven lately, so that a client that calls often pays for scrypt once, and is let in while somebody
// else guesses at its login. What is kept opens nothing: an HMAC under a key of this process, forgotten after a while.
import { createHmac, randomBytes } from 'node:crypto';
import { type Clock, openTurns, PlatformError, type Secret } from '@berth/core';
import { hashPassword, isPassword, makeDecoyHash } from '@berth/secrets';

/** libuv has four threads, which DNS and files need too; one hash takes 16 MiB and a quarter of a second. */
const AT_ONCE_MAX = 2;
/** So that who stands in line waits for some four seconds, on two cores that do nothing else. */
const LINE_MAX = 30;
const COME_AGAIN_MS = 2_000;
/** 1,000 clients with passwords of their own; each is some 100 bytes. */
const PROVEN_MAX = 1_000;
/** Since it was last used. Revoking, an end and another password do not wait for it: the access is read each time. */
const PROVEN_MS = 60 * 60 * 1_000;

/** A password, and what it is to be that of. */
export interface Guess {
  login: string;
  /** Null for a login that does not exist: it costs what another one does, and is wrong. */
  secretHash: string | null;
  password: Secret;
}

export interface Proofs {
  /** Whether it was proven lately, or is being proven now by somebody else: then it waits for how that ends. */
  isProven(guess: Guess): Promise<boolean>;
  /** Computes whether it is right. Throws `too_many_requests` where too many stand in line. */
  prove(guess: Guess): Promise<boolean>;
  /** What is kept of a new password, made in the same line. Throws `too_many_requests`. */
  hash(password: Secret): Promise<string>;
}

/** Those of one process. Holds nothing open. */
export function openProofs(clock: Clock): Proofs {
  const key = randomBytes(32);
  const proven = openRecent(clock);
  const underway = new Map<string, Promise<boolean>>();
  const inLine = openLine();
  const decoy = makeDecoyHash();
  const keyOf = ({ login, secretHash, password }: Guess) =>
    createHmac('sha256', key)
      .update(JSON.stringify([login, secretHash, password.reveal()]))
      .digest('base64');

  async function prove(guess: Guess, guessKey: string): Promise<boolean> {
    const { password, secretHash } = guess;
    const isRight = await inLine(() => isPassword(password, secretHash ?? decoy));
    if (isRight) proven.add(guessKey);
    return isRight;
  }

  return {
    async isProven(guess) {
      const guessKey = keyOf(guess);
      return proven.has(guessKey) || ((await underway.get(guessKey)?.catch(() => false)) ?? false);
    },
    prove(guess) {
      const guessKey = keyOf(guess);
      const same = underway.get(guessKey);
      if (same !== undefined) return same;
      const proving = prove(guess, guessKey).finally(() => underway.delete(guessKey));
      underway.set(guessKey, proving);
      return proving;
    },
    hash: (password) => inLine(() => hashPassword(password)),
  };
}

/** Asks scrypt, few at a time. */
function openLine(): <T>(compute: () => Promise<T>) => Promise<T> {
  const turns = openTurns(AT_ONCE_MAX);
  let busy = 0;
  return async (compute) => {
    if (busy >= AT_ONCE_MAX + LINE_MAX) {
      const message = 'Too many passwords are being looked at. Come again in a moment.';
      throw new PlatformError('too_many_requests', message, { retryAfterMs: COME_AGAIN_MS });
    }
    busy += 1;
    try {
      return await turns.wait(compute);
    } finally {
      busy -= 1;
    }
  };
}

/** A set that forgets what was not asked for in a while, and of too many the one that was asked for least lately. */
function openRecent({ monotonicMs }: Clock) {
  const usedAtMs = new Map<string, number>(); // the least lately used first
  function add(key: string): void {
    usedAtMs.delete(key);
    usedAtMs.set(key, monotonicMs());
    for (const [oldest, atMs] of usedAtMs) {
      if (usedAtMs.size <= PROVEN_MAX && monotonicMs() - atMs < PROVEN_MS) break;
      usedAtMs.delete(oldest);
    }
  }
  return {
    add,
    /** Counts as a use. */
    has(key: string): boolean {
      const atMs = usedAtMs.get(key);
      const isRecent = atMs !== undefined && monotonicMs() - atMs < PROVEN_MS;
      if (isRecent) add(key);
      return isRecent;
    },
  };
}
