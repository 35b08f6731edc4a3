// Drops a database, and the grants on it: they would outlive it here, and let their holders into the next of its name.
import { codeOf, PlatformError } from '@berth/core';
import type { DatabaseRef, RemovalEvidence } from '../contract';
import { type Admin, isDatabase, keptName } from './admin';
import { endSessionsOf } from './end-sessions';
import { ERRNO, errnoOf } from './errors';
import { describeGrant } from './grants';
import { forgetOthers } from './others';
import { observeDatabaseRow } from './ownership';
import { quoteName } from './quote';
import { shutDatabase, usersOf } from './remove-access';
import { eraseThing, forgetKept } from './store';

/** A statement that began before its session was killed may still hold a table. */
const DROPS_MAX = 3;

/** As EngineSession.removeDatabase promises. Safe to repeat; one that its owner dropped is cleared of its grants. */
export async function removeDatabase(admin: Admin, database: DatabaseRef): Promise<RemovalEvidence> {
  const row = await observeDatabaseRow(admin, database);
  const evidence: RemovalEvidence = {
    found: row.ownership,
    dropped: false,
    ended: 0,
    revoked: [],
    left: [],
    details: {},
  };
  const isGone = row.ownership === 'free' && row.thing !== null; // or half made
  if (row.ownership !== 'ours' && !isGone) return evidence;
  const { revoked, left } = await shutDatabase(admin, database);
  evidence.revoked = usersOf(revoked);
  evidence.details = { grants: revoked.map(describeGrant), grants_left: left.map(describeGrant) };
  if (row.ownership === 'ours') {
    evidence.ended = await drop(admin, database);
    evidence.dropped = true;
  }
  await forgetKept(admin, 'holders', database.id);
  await forgetKept(admin, 'events', database.id);
  await forgetOthers(admin, database);
  await eraseThing(admin, 'database', keptName(admin, database.name), database.id);
  return evidence;
}

/** Returns how many sessions were ended. A foreign key of a table in another database would refuse the drop for as long as it is there. */
async function drop(admin: Admin, database: DatabaseRef): Promise<number> {
  await admin.main.query('SET SESSION foreign_key_checks = 0');
  let ended = 0;
  for (let drops = 1; ; drops++) {
    ended += (await endSessionsOf(admin, [], database)).ended;
    try {
      await admin.main.query(`DROP DATABASE IF EXISTS ${quoteName(database.name)}`);
      return ended;
    } catch (error) {
      if (codeOf(error) !== 'server_busy') throw error;
      if (drops === DROPS_MAX) throw await heldBy(admin, database, error);
    }
  }
}

/** No session of its tenants is left by now. A transaction prepared by XA belongs to no session, and holds its tables. */
async function heldBy(admin: Admin, database: DatabaseRef, error: unknown): Promise<unknown> {
  if (errnoOf(error) !== ERRNO.lockWait) return error;
  const prepared = await admin.main.query<{ data: string }>('XA RECOVER').catch(() => []);
  const [row] = await admin.main.query<{ sessions: number }>(
    `SELECT COUNT(*) AS sessions FROM information_schema.processlist WHERE ${isDatabase(admin, 'db', database.name)}`,
  );
  if (prepared.length === 0 || Number(row?.sessions) > 0) return error;
  return new PlatformError(
    'server_busy',
    `A transaction that was prepared by XA may hold a table of "${database.name}", and the server does not tell whose it ` +
      `is: look at XA RECOVER (${prepared.length} there) and roll it back`,
    { cause: error },
  );
}
