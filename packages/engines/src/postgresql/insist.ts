// Changes the row of a role or a database though a tenant holds it. A role may change its own row (ALTER ROLE … PASSWORD),
// and a GRANT on a database locks its row even where it grants nothing: left uncommitted, either would keep us waiting
// for ever.
import { codeOf } from '@berth/core';
import type { Admin } from './admin';
import { pastBlockers } from './past-blockers';

/** A row that somebody changed and committed at the same moment fails our statement at once; the next try sees it. */
const TRIES_MAX = 10;

/** Sends the statements in one transaction, none of them or all. Throws `server_busy` when the row cannot be freed. */
export async function insist(admin: Admin, statements: string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await pastBlockers(admin, admin.main, () => admin.main.atomically(statements));
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || tries === TRIES_MAX) throw error;
    }
  }
}
