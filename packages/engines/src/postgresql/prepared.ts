// Prepared transactions: they outlive their session, hold their locks for ever, and end only from inside their database.
import { type Admin, VERSION_WITH_GRANT_OPTIONS } from './admin';
import type { Connection } from './connect';
import { memberOptions } from './membership';
import { markerOf } from './names';
import type { Look } from './past-blockers';
import { quoteIdentifier, quoteLiteral } from './quote';
import { visit } from './visit';

export interface Prepared {
  gid: string;
  database: string;
  owner: string;
}

/** Rolls back what was prepared in a database, by a role, or by a role in a database. Returns how many. Safe to repeat. */
export async function rollBackPrepared(admin: Admin, of: { database?: string; owner?: string }): Promise<number> {
  const { database = null, owner = null } = of;
  if (database === null && owner === null) return 0;
  const found = await admin.main.query<Prepared>(
    `SELECT gid, database, owner FROM pg_prepared_xacts
      WHERE database::text = coalesce($1, database::text) AND owner::text = coalesce($2, owner::text)`,
    [database, owner],
  );
  return rollBackFound(admin, found);
}

/** Names of what is prepared in a database: data that wait for their COMMIT PREPARED. */
export async function listPrepared(admin: Admin, database: string): Promise<string[]> {
  const found = await admin.main.query<{ gid: string }>(
    'SELECT gid FROM pg_prepared_xacts WHERE database::text = $1 ORDER BY prepared, gid',
    [database],
  );
  return found.map(({ gid }) => gid);
}

/** Rolls these back, each from inside its database; one that its tenant ended meanwhile is passed over. Returns how many. */
export async function rollBackFound(admin: Admin, found: Prepared[]): Promise<number> {
  for (const prepared of found) {
    await visit(admin, prepared.database, async (inside) => {
      await rollBack(admin, inside, prepared).catch(async (error: unknown) => {
        const left = await inside.query('SELECT 1 FROM pg_prepared_xacts WHERE gid = $1', [prepared.gid]);
        if (left.length > 0) throw error;
      });
    });
  }
  return found.length;
}

/** Rolls back what keeps a statement waiting, at each look. */
export function rollBackBlocking(admin: Admin): Look {
  return async (beside, pid) => void (await rollBackFound(admin, await listBlocking(beside, pid)));
}

/** Prepared transactions have no session; one is known by a lock without a process that our waiting lock is equal to. */
function listBlocking(beside: Connection, pid: number): Promise<Prepared[]> {
  const what = (lock: string) =>
    ['locktype', 'database', 'relation', 'page', 'tuple', 'transactionid', 'classid', 'objid', 'objsubid']
      .map((column) => `${lock}.${column}`)
      .join(', ');
  return beside.query<Prepared>(
    `SELECT DISTINCT prepared.gid, prepared.database, prepared.owner FROM pg_locks waits
       JOIN pg_locks held ON held.granted AND held.pid IS NULL AND (${what('held')}) IS NOT DISTINCT FROM (${what('waits')})
       JOIN pg_locks own ON own.virtualtransaction = held.virtualtransaction AND own.locktype = 'transactionid'
       JOIN pg_prepared_xacts prepared ON prepared.transaction = own.transactionid
      WHERE waits.pid = $1 AND NOT waits.granted`,
    [pid],
  );
}

/**
 * Only who prepared it may, or a superuser; and outside a transaction, so an admin that is no superuser is for that moment
 * a member of the login for all to see. It acts as it from the same commit on, and is a member no more whatever became of
 * the deed; what a worker that died there left is taken by the next deed on behalf of that login, or goes with it.
 */
async function rollBack(admin: Admin, inside: Connection, { gid, owner }: Prepared): Promise<void> {
  const deed = `ROLLBACK PREPARED ${quoteLiteral(gid)}`;
  if (admin.isSuperuser) return void (await inside.query(deed));
  const role = quoteIdentifier(owner);
  const isGuest = !(await isStandingMember(admin, inside, owner));
  const guest = isGuest ? [`GRANT ${role} TO CURRENT_USER ${memberOptions(admin, true)}`] : [];
  await inside.atomically([...guest, `SET ROLE ${role}`]);
  try {
    await inside.query(deed);
  } finally {
    await inside.atomically(['RESET ROLE', ...(isGuest ? [`REVOKE ${role} FROM CURRENT_USER`] : [])]);
  }
}

/** Of the groups of databases, and of what is not Berth's: never of a login of ours, though a dead worker may have left it so. */
async function isStandingMember(admin: Admin, inside: Connection, role: string): Promise<boolean> {
  const how = admin.version < VERSION_WITH_GRANT_OPTIONS ? 'MEMBER' : 'SET';
  const [row] = await inside.query<{ may_act: boolean; is_login: boolean }>(
    `SELECT pg_has_role(oid, $2) AS may_act, coalesce(marker LIKE $3 || '%', false) AND NOT EXISTS (
              SELECT FROM pg_database d WHERE shobj_description(d.oid, 'pg_database') = marker) AS is_login
       FROM pg_roles, shobj_description(oid, 'pg_authid') AS marker WHERE rolname::text = $1`,
    [role, how, markerOf('')],
  );
  if (row === undefined) return false;
  return row.may_act && !row.is_login;
}
