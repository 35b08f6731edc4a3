// Whose turn it is, in SQL, of an action called `mine`. Each database and each credential is a line; who works on a login
// keeps out what else would change it, in whatever database.
import type { Action } from './actions';
import { Prisma } from './generated/client';

/**
 * Nobody works on its database or credential, nobody older waits for them; nobody works on a login that it would change;
 * and its server is in use: what an operator took offline, or was not looked at yet, is opened for a preflight alone.
 */
export const IS_ITS_TURN = Prisma.sql`
  NOT EXISTS (SELECT FROM actions other WHERE other.database_id = mine.database_id
    AND (other.state = 'running' OR (other.state = 'queued' AND other.number < mine.number)))
  AND NOT EXISTS (SELECT FROM actions other WHERE other.credential_id = mine.credential_id
    AND (other.state = 'running' OR (other.state = 'queued' AND other.number < mine.number)))
  AND NOT EXISTS (SELECT FROM grants own JOIN grants shared USING (credential_id)
    JOIN actions other ON other.credential_id = own.credential_id
      OR (other.credential_id IS NULL AND other.database_id = shared.database_id)
    WHERE (own.credential_id = mine.credential_id OR (mine.credential_id IS NULL AND own.database_id = mine.database_id))
      AND own.revoked_at IS NULL AND shared.revoked_at IS NULL AND other.state = 'running')
  AND (mine.kind = 'server_preflight' OR EXISTS (SELECT FROM servers WHERE servers.id = mine.server_id
    AND servers.state <> 'offline' AND servers.checked_at IS NOT NULL))`;

/** What stood in a line with an action that ended, or beside one of its logins: also of a grant that it took away. */
export function isNextAfter(done: Pick<Action, 'database_id' | 'credential_id'>): Prisma.Sql {
  const logins = Prisma.sql`SELECT credential_id FROM grants
    WHERE credential_id = ${done.credential_id} OR database_id = ${done.database_id}`;
  return Prisma.sql`(database_id = ${done.database_id} OR credential_id = ${done.credential_id}
    OR credential_id IN (${logins})
    OR database_id IN (SELECT database_id FROM grants WHERE credential_id IN (${logins})))`;
}
