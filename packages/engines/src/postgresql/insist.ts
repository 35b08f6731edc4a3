// The one door of every statement that changes something. A tenant may hold what it needs and never commit: its own row
// (ALTER ROLE … PASSWORD), a database's (a GRANT locks it even where it grants nothing), a setting, a table to be granted.
import type { Admin } from './admin';
import type { Connection } from './connect';
import { sendPastBlockers } from './past-blockers';
import { rollBackBlocking } from './prepared';

/**
 * Sends the statements in one transaction, none of them or all, to `postgres` or on a visit inside a database. Throws
 * `server_busy` when what they need cannot be freed.
 */
export function insist(admin: Admin, statements: string[], on: Connection = admin.main): Promise<void> {
  return sendPastBlockers(admin, on, statements, rollBackBlocking(admin));
}
