// Ends one session by its number.
import type { Admin } from './admin';
import { ERRNO, errnoOf } from './errors';

/** Returns whether there was one. It may take a while to leave: it rolls back first. */
export async function kill({ main }: Admin, id: number): Promise<boolean> {
  try {
    await main.query(`KILL CONNECTION ${Math.trunc(id)}`);
    return true;
  } catch (error) {
    if (errnoOf(error) === ERRNO.noSuchThread) return false;
    throw error;
  }
}
