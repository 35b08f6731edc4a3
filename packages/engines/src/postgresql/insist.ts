// The one door of every statement that changes something. A tenant may hold what it needs and never commit: its own row
// (ALTER ROLE … PASSWORD), a database's (a GRANT locks it even where it grants nothing), a setting, a table to be granted.
import { codeOf } from '@berth/core';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { pastBlockers } from './past-blockers';

/** A row that somebody changed and committed at the same moment fails our statement at once; the next try sees it. */
const TRIES_MAX = 10;

/**
 * Sends the statements in one transaction, none of them or all, to `postgres` or on a visit inside a database. Throws
 * `server_busy` when what they need cannot be freed.
 */
export async function insist(admin: Admin, statements: string[], on: Connection = admin.main): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await pastBlockers(admin, on, () => on.atomically(statements));
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || tries === TRIES_MAX) throw error;
    }
  }
}
