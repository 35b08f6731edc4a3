// Grants: what role a login has in a database, and what it is about to have. A row is living until it is revoked. One
// that is not made yet bears the role it is to get as `pending_role` too; a change of role bears another one there.
import { newId, PlatformError, type Role } from '@berth/core';
import { columnsOf, type Db, raise } from './db';
import { type Action, type Grant, Prisma } from './generated/client';

export type { Grant };

/** The event names the login and the database. */
const GRANT_REFERENCES = Prisma.sql`team_id, database_id, credential_id, server_id, NULL::text`;

const columns = columnsOf('changed', Prisma.GrantScalarFieldEnum);

/** Living, and with a role to come. While its database is being made that is one which is not made either. */
const proposedTo = (credentialId: string) => ({
  credential_id: credentialId,
  revoked_at: null,
  pending_role: { not: null },
});

/** Whether the server knows the grant: it was made once, whatever it is being changed to. */
export function isMade({ role, pending_role }: Pick<Grant, 'role' | 'pending_role'>): boolean {
  return pending_role !== role;
}

export function grantsOf(db: Db) {
  return { ...readsOf(db), ...writesOf(db) };
}

function readsOf(db: Db) {
  return {
    /** The living grant of a pair; null when there is none. */
    find: (credentialId: string, databaseId: string): Promise<Grant | null> =>
      db.grant.findFirst({ where: { credential_id: credentialId, database_id: databaseId, revoked_at: null } }),

    /**
     * The queued or running action that gives a login its role in a database, or takes it; null when there is none. The create of
     * a database gives the grants that were proposed with it.
     */
    findOpenAction: (credentialId: string, databaseId: string): Promise<Action | null> =>
      db.action.findFirst({
        where: {
          database_id: databaseId,
          state: { in: ['queued', 'running'] },
          OR: [
            { credential_id: credentialId, kind: { in: ['grant_create', 'grant_delete'] } },
            { kind: 'database_create', database: { grants: { some: proposedTo(credentialId) } } },
          ],
        },
        orderBy: { kind: 'desc' }, // one of the pair's own comes first: then the create leaves it to that
      }),

    /** How many grants would be left to a login without this database, and without those that are being taken away. */
    async countOthers(credentialId: string, databaseId: string): Promise<number> {
      const [row] = await db.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int AS count FROM grants JOIN databases ON databases.id = grants.database_id
        WHERE credential_id = ${credentialId} AND database_id <> ${databaseId} AND revoked_at IS NULL
          AND databases.delete_accepted_at IS NULL AND databases.state <> 'deleted'
          AND NOT EXISTS (SELECT FROM actions WHERE actions.credential_id = grants.credential_id
            AND actions.database_id = grants.database_id AND kind = 'grant_delete' AND actions.state IN ('queued', 'running'))`;
      return row?.count ?? 0;
    },

    /**
     * How many connections a login may have: the sum over its databases' plans, or over the plans that they are being
     * changed to. `without` leaves out a database. At least 1: it is a limit, not a lock.
     */
    async sumConnections(
      credentialId: string,
      of: { plans: 'pending' | 'current'; without?: string },
    ): Promise<number> {
      const [row] = await db.$queryRaw<{ sum: number }[]>`
        SELECT greatest(1, coalesce(sum(plans.connections_max), 0))::int AS sum
        FROM grants JOIN databases ON databases.id = grants.database_id
          JOIN plans ON plans.id = CASE WHEN ${of.plans === 'pending'} THEN coalesce(pending_plan_id, plan_id) ELSE plan_id END
        WHERE credential_id = ${credentialId} AND revoked_at IS NULL AND database_id <> ${of.without ?? ''}`;
      return row?.sum ?? 1;
    },
  };
}

function writesOf(db: Db) {
  /** One arrow: null when it was revoked before. */
  async function change(id: string, set: Prisma.Sql, event: Parameters<typeof raise>[0]): Promise<Grant | null> {
    const [row] = await db.$queryRaw<Grant[]>`
      WITH changed AS (
        UPDATE grants SET ${set} WHERE id = ${id} AND revoked_at IS NULL RETURNING *
      ), raised AS (${raise(event, GRANT_REFERENCES)})
      SELECT ${columns} FROM changed`;
    return row ?? null;
  }

  return {
    /** One that is to be made. The store refuses a second living one of the pair, and one across servers or teams. */
    async propose(credential: { id: string; team_id: string; server_id: string }, databaseId: string, role: Role) {
      const { team_id, server_id } = credential;
      const place = { team_id, server_id, credential_id: credential.id, database_id: databaseId };
      await db.grant.create({ data: { id: newId('grant'), ...place, role, pending_role: role } });
    },

    /** Another role for one that is made. */
    async proposeRole(id: string, role: Role): Promise<void> {
      const count =
        await db.$executeRaw`UPDATE grants SET pending_role = ${role} WHERE id = ${id} AND revoked_at IS NULL`;
      if (count === 0) throw new PlatformError('internal', 'The grant whose role changes is not in the store.');
    },

    /** The server knows it: what was pending holds. Safe to repeat. */
    becomeGranted: (id: string): Promise<Grant | null> =>
      change(id, Prisma.sql`role = coalesce(pending_role, role), pending_role = NULL`, 'credential.granted'),

    /** What was pending will not be: one that was to be made is revoked, a role stays as it was. Safe to repeat. */
    async withdraw(id: string): Promise<void> {
      await db.$executeRaw`
        WITH changed AS (
          UPDATE grants SET revoked_at = now(), pending_role = NULL
          WHERE id = ${id} AND revoked_at IS NULL AND pending_role = role RETURNING *
        ), raised AS (${raise('credential.ungranted', GRANT_REFERENCES)})
        UPDATE grants SET pending_role = NULL WHERE id = ${id} AND revoked_at IS NULL AND pending_role <> role`;
    },

    /** living -> revoked. Null when it was revoked before. */
    revoke: (id: string): Promise<Grant | null> =>
      change(id, Prisma.sql`revoked_at = now(), pending_role = NULL`, 'credential.ungranted'),
  };
}
