// How the stores of a run are called on the server, so that the guard can tell whose they are.
import { randomBytes } from 'node:crypto';

/** The database with all migrations that every file's store is cloned from. */
export const TEMPLATE_NAME = 'berth_template';

/** What the names of all stores begin with that were opened by the test process `pid`. */
export function storeNamePrefix(pid: number): string {
  return `berth_test_${pid}_`;
}

/** A new name for a store of the test process `pid`. */
export function newStoreName(pid: number): string {
  return storeNamePrefix(pid) + randomBytes(4).toString('hex');
}
