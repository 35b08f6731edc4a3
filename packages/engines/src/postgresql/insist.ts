// Changes the row of a role or a database though a tenant holds it. A role may change its own row (ALTER ROLE … PASSWORD),
// and a GRANT on a database locks its row even where it grants nothing: left uncommitted, either would keep us waiting
// for ever. Whoever may be holding it loses its sessions, and what it prepared is rolled back.
import { codeOf } from '@berth/core';
import type { DatabaseRef } from '../contract';
import type { Admin } from './admin';
import { rollBackPrepared, rollBackRoleChanges } from './prepared';

/** Whose row is to be changed: a login's or a database's, known to be ours. */
export type Held = { login: number } | { database: DatabaseRef; oid: number | null };

/** Ordinary changes of these rows commit within a few milliseconds. */
const WAIT_MS_MAX = 500;
/** Each try ends all sessions that could hold the row; one that connects anew needs longer than the next try. */
const TRIES_MAX = 10;
const EXIT_MS_MAX = 1_000;

/** Sends the statements in one transaction, none of them or all. Throws `server_busy` when the row cannot be freed. */
export async function insist(admin: Admin, held: Held, statements: string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await admin.main.atomically([`SET LOCAL lock_timeout = ${WAIT_MS_MAX}`, ...statements]);
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || tries === TRIES_MAX) throw error;
      await endSessionsThatMayHold(admin, held);
      if (tries > 1) await rollBackWhatMayHold(admin, held);
    }
  }
}

async function endSessionsThatMayHold(admin: Admin, held: Held): Promise<void> {
  const [column, oid] = 'login' in held ? ['usesysid', held.login] : ['datid', held.oid];
  await admin.main.query(
    `SELECT pg_terminate_backend(pid, ${EXIT_MS_MAX}) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL AND ${column} = $1`,
    [oid],
  );
}

/** Only once ending sessions did not help: others may have prepared work in the same database, in good faith. */
async function rollBackWhatMayHold(admin: Admin, held: Held): Promise<void> {
  if ('login' in held) await rollBackRoleChanges(admin, held.login);
  else await rollBackPrepared(admin, { database: held.database.name });
}
