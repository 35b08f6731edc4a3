// Teams, as operators make, change and delete them.
import { newId } from '@berth/core';
import type { Db } from './db';
import type { Team } from './generated/client';
import { LIVING, livesOf, refusingName, type Use, usesOf } from './living';
import { type Page, type PageRequest, page } from './page';

export interface TeamFields {
  name: string;
  database_quota: number | null;
}

export function teamsOf(db: Db) {
  return {
    ...livesOf(db, 'teams'),

    /** Null when there is none any more. */
    find: (id: string): Promise<Team | null> => db.team.findFirst({ where: { id, ...LIVING } }),

    /** Newest first. */
    list: (filter: { name?: string }, request: PageRequest): Promise<Page<Team>> =>
      page(request, (window) =>
        db.team.findMany({
          where: { ...filter, ...LIVING, ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
        }),
      ),

    /** Throws `name_taken`. */
    insert: (fields: TeamFields): Promise<Team> =>
      refusingName('teams', 'team', fields.name, db.team.create({ data: { id: newId('team'), ...fields } })),

    /** Throws `name_taken`. */
    update: (id: string, change: Partial<TeamFields>): Promise<Team> =>
      refusingName('teams', 'team', change.name ?? '', db.team.update({ where: { id }, data: change })),

    /** The team's quota; null when it has none. Its row is locked until commit then: two requests cannot both take the last place. */
    async lockQuota(teamId: string): Promise<number | null> {
      const [row] = await db.$queryRaw<{ database_quota: number }[]>`
        SELECT database_quota FROM teams WHERE id = ${teamId} AND database_quota IS NOT NULL FOR NO KEY UPDATE`;
      return row?.database_quota ?? null;
    },

    /** What keeps it: databases that are not gone yet, and accesses that open something. */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({
        database: () => db.database.count({ where: { team_id: id, state: { not: 'deleted' } } }),
        access: () => countLiving(db, id),
      }),

    /** What goes with it: its projects, and accesses that have expired, so that none comes back. */
    async retireBelongings(id: string): Promise<void> {
      await db.$executeRaw`UPDATE projects SET deleted_at = now() WHERE team_id = ${id} AND deleted_at IS NULL`;
      await db.$executeRaw`UPDATE accesses SET revoked_at = now() WHERE team_id = ${id} AND revoked_at IS NULL`;
    },
  };
}

/** Without the sessions that a login opened: they end with it. */
async function countLiving(db: Db, teamId: string): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM accesses
    WHERE team_id = ${teamId} AND parent_id IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
  return row?.count ?? 0;
}
