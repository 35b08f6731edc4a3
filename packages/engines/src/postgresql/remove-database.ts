// Drops a database and what would keep it from being dropped: sessions, prepared transactions, slots, subscriptions.
import { codeOf } from '@berth/core';
import type { DatabaseRef, RemovalEvidence } from '../contract';
import type { Admin } from './admin';
import { pastStragglers } from './handshakes';
import { insist } from './insist';
import { listMembers, standingGroups } from './membership';
import { groupNameOf } from './names';
import { type DatabaseRow, observeDatabaseRow, observeGroups } from './ownership';
import { rollBackPrepared } from './prepared';
import { quoteIdentifier } from './quote';
import { releaseRole } from './release-role';
import { shutDatabase } from './remove-access';
import { visit } from './visit';

/** Clients may prepare, subscribe or stream again between our look and the drop; the gate lets no new ones in. */
const DROPS_MAX = 3;
const EXIT_MS_MAX = 1_000;

/** As EngineSession.removeDatabase promises. Safe to repeat, also after an interrupted drop (datconnlimit -2). */
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
  if (row.ownership === 'ours') {
    await shutDatabase(admin, database);
    Object.assign(evidence, await dropWithFollowers(admin, database, row), { dropped: true });
  }
  const groups = await observeGroups(admin, database);
  const revoked = new Set<string>();
  for (const role of standingGroups(groups)) {
    for (const member of await listMembers(admin, groups[role].oid)) revoked.add(member);
    const name = groupNameOf(database, role);
    if (await isReleased(admin, { name, oid: groups[role].oid ?? 0 })) evidence.details.group_dropped = true;
    else evidence.left.push(name);
  }
  evidence.revoked = [...revoked].sort();
  return evidence;
}

/** Somebody grants again and again, or has a part of it where nobody may enter. */
const NOT_NOW: ReadonlySet<string> = new Set(['server_busy', 'engine_refused']);

/** The data are gone by now, whatever becomes of a role: that is told, and the role is tried again. */
async function isReleased(admin: Admin, role: { name: string; oid: number }): Promise<boolean> {
  try {
    await releaseRole(admin, role);
    return true;
  } catch (error) {
    if (!NOT_NOW.has(codeOf(error))) throw error;
    return false;
  }
}

/** What hung on it, at all tries: how many sessions were ended, and what else went. */
interface Cleared {
  ended: number;
  details: { rolled_back: number; slots: string[]; subscriptions: string[] };
}

async function dropWithFollowers(admin: Admin, database: DatabaseRef, row: DatabaseRow): Promise<Cleared> {
  const cleared: Cleared = { ended: 0, details: { rolled_back: 0, slots: [], subscriptions: [] } };
  for (let drops = 1; ; drops++) {
    await clearFollowers(admin, database, row, cleared);
    try {
      await pastStragglers(admin, `DROP DATABASE IF EXISTS ${quoteIdentifier(database.name)} WITH (FORCE)`);
      return cleared;
    } catch (error) {
      if (codeOf(error) !== 'server_busy' || drops === DROPS_MAX) throw error; // 55006: something came back
    }
  }
}

/** Prepared transactions twice: a session may prepare its work between the first look and its end. Adds to what was cleared. */
async function clearFollowers(admin: Admin, database: DatabaseRef, row: DatabaseRow, cleared: Cleared): Promise<void> {
  const { details } = cleared;
  if (!row.isOpen) await insist(admin, [`ALTER DATABASE ${quoteIdentifier(database.name)} ALLOW_CONNECTIONS true`]);
  details.rolled_back += await rollBackPrepared(admin, { database: database.name });
  cleared.ended += await endAll(admin, row.oid);
  details.rolled_back += await rollBackPrepared(admin, { database: database.name });
  details.slots.push(...(await dropSlots(admin, database)));
  details.subscriptions.push(...(await dropSubscriptions(admin, database, row.oid)));
}

async function endAll(admin: Admin, oid: number | null): Promise<number> {
  const ended = await admin.main.query(
    `SELECT pg_terminate_backend(pid, ${EXIT_MS_MAX}) FROM pg_stat_activity
      WHERE datid = $1 AND pid <> pg_backend_pid() AND usesysid IS NOT NULL`,
    [oid],
  );
  return ended.length;
}

/** Ending the walsender first: an active slot cannot be dropped. */
async function dropSlots(admin: Admin, database: DatabaseRef): Promise<string[]> {
  await admin.main.query(
    `SELECT pg_terminate_backend(active_pid, ${EXIT_MS_MAX}) FROM pg_replication_slots
      WHERE database::text = $1 AND active_pid IS NOT NULL`,
    [database.name],
  );
  const dropped = await admin.main.query<{ name: string }>(
    `SELECT slot_name AS name, pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database::text = $1`,
    [database.name],
  );
  return dropped.map(({ name }) => name);
}

/** Without its slot a subscription drops without calling its publisher, who may be gone; the slot there stays. */
async function dropSubscriptions(admin: Admin, database: DatabaseRef, oid: number | null): Promise<string[]> {
  const found = await admin.main.query<{ name: string }>(
    'SELECT subname AS name FROM pg_subscription WHERE subdbid = $1',
    [oid],
  );
  if (found.length === 0) return [];
  await visit(admin, database.name, async (inside) => {
    for (const { name } of found) {
      const quoted = quoteIdentifier(name);
      const statements = ['DISABLE', 'SET (slot_name = NONE)'].map((how) => `ALTER SUBSCRIPTION ${quoted} ${how}`);
      await insist(admin, [...statements, `DROP SUBSCRIPTION ${quoted}`], inside);
    }
  });
  return found.map(({ name }) => name);
}
