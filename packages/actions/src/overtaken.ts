// Running a transaction again that looked before it locked, and was too late.
import { PlatformError } from '@berth/core';
import { Overtaken } from '@berth/store';

/** From the second on they lock before they look, so that names alone can be taken under their hands: each time by another. */
const TRIES_MAX = 5;

/** Runs `attempt` until it is not `Overtaken`. Throws what else it throws, and `contradicts` when that happens again and again. */
export async function untilNotOvertaken<T>(attempt: (locksFirst: boolean) => Promise<T>): Promise<T> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      return await attempt(tries > 1);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }
  throw new PlatformError(
    'contradicts',
    'Other requests took what this one had looked at, again and again. Ask once more.',
  );
}
