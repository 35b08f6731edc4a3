// Reading databases. Nothing here touches the column `state`.
import { columnsOf, type Db } from './db';
import { type Database, type Plan, Prisma } from './generated/client';
import { type Page, type PageRequest, type Placed, page } from './page';

export interface DatabaseFilter {
  teamId?: string;
  serverId?: string;
  projectId?: string;
  environmentId?: string;
  state?: string;
  name?: string;
  /** Those as well of which their client was told that they are deleted. */
  withHidden?: true;
  /** Without those in quarantine. */
  isUsable?: true;
  /** Only those that were made and looked at: size, charset and collation are known. */
  isMeasured?: true;
}

/** A database with the names of what it belongs to, as lists and single answers show it. */
export type DatabaseView = Database & {
  project: { name: string };
  environment: { name: string; quarantine_days: number | null };
  plan: { name: string; connections_max: number; quarantine_days: number | null };
  server: { name: string; host: string; port: number; tls: string };
};

const VIEW = {
  project: { select: { name: true } },
  environment: { select: { name: true, quarantine_days: true } },
  plan: { select: { name: true, connections_max: true, quarantine_days: true } },
  server: { select: { name: true, host: true, port: true, tls: true } },
} as const;

/**
 * The same in one statement: the four relations of an `include` are four more, sent at once. A transaction, which has one
 * connection, takes them one after another, and pg 9 will not take them at all.
 */
const VIEW_SQL = viewSql();

/** The same with more columns, from more than it. */
export function viewSql(columns = Prisma.empty, from = Prisma.empty): Prisma.Sql {
  return Prisma.sql`
  SELECT ${columnsOf('databases', Prisma.DatabaseScalarFieldEnum)},
    json_build_object('name', projects.name) AS project,
    json_build_object('name', environments.name, 'quarantine_days', environments.quarantine_days) AS environment,
    json_build_object('name', plans.name, 'connections_max', plans.connections_max,
      'quarantine_days', plans.quarantine_days) AS plan,
    json_build_object('name', servers.name, 'host', servers.host, 'port', servers.port, 'tls', servers.tls) AS server
    ${columns}
  FROM databases JOIN projects ON projects.id = databases.project_id
    JOIN environments ON environments.id = databases.environment_id
    JOIN plans ON plans.id = databases.plan_id JOIN servers ON servers.id = databases.server_id ${from}`;
}

export function databaseReadsOf(db: Db) {
  return {
    /** Null when there is none; a deleted one is found too. */
    async find(id: string): Promise<DatabaseView | null> {
      const [row] = await db.$queryRaw<DatabaseView[]>`${VIEW_SQL} WHERE databases.id = ${id}`;
      return row ?? null;
    },

    /** Locks its row until commit: requests about one database are accepted one after another. */
    async lock(id: string): Promise<void> {
      await db.$queryRaw`SELECT id FROM databases WHERE id = ${id} FOR NO KEY UPDATE`;
    },

    /** The plan it is being changed to; null when it is not. */
    async findPendingPlan(id: string): Promise<Plan | null> {
      const [row] = await db.$queryRaw<Plan[]>`
        SELECT ${columnsOf('plans', Prisma.PlanScalarFieldEnum)} FROM plans JOIN databases ON pending_plan_id = plans.id
        WHERE databases.id = ${id}`;
      return row ?? null;
    },

    /** Newest first, without deleted ones unless `state` asks for them. */
    list: (filter: DatabaseFilter, request: PageRequest): Promise<Page<DatabaseView>> =>
      page(request, (window) =>
        db.database.findMany({
          where: { ...whereOf(filter), ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Oldest first. */
    async listByPlace(filter: DatabaseFilter, skip: number, take: number): Promise<Placed<DatabaseView>> {
      const where = whereOf(filter);
      const [data, total] = await Promise.all([
        db.database.findMany({ where, orderBy: { number: 'asc' }, skip, take, include: VIEW }),
        db.database.count({ where }),
      ]);
      return { data, total };
    },

    /** How many a team has that count against its quota: all but those whose delete was accepted, kept unseen or not. */
    countOfTeam: (teamId: string): Promise<number> =>
      db.database.count({ where: { team_id: teamId, state: { not: 'deleted' }, delete_accepted_at: null } }),

    /** The living ones of a team that have this name, in whatever environment, oldest first. */
    listByName: (teamId: string, name: string): Promise<DatabaseView[]> =>
      db.$queryRaw<DatabaseView[]>`
        ${VIEW_SQL} WHERE databases.team_id = ${teamId} AND databases.name = ${name} AND databases.state <> 'deleted'
          AND databases.delete_accepted_at IS NULL ORDER BY databases.number`,

    /** Whether one of this team, inside these limits (null: none), has this number; one that is deleted too. */
    async isNumberHeld(
      { environmentId, projectId, teamId }: { teamId: string; projectId: string | null; environmentId: string | null },
      number: number,
    ): Promise<boolean> {
      const [row] = await db.$queryRaw<{ held: boolean }[]>`
        SELECT EXISTS (SELECT FROM databases WHERE number = ${number} AND team_id = ${teamId}
          AND (${projectId}::text IS NULL OR project_id = ${projectId})
          AND (${environmentId}::text IS NULL OR environment_id = ${environmentId})) AS held`;
      return row?.held ?? false;
    },

    /** Whether this engine name is held by a database of this server, even one on its way out. */
    async isEngineNameHeld(serverId: string, engineName: string): Promise<boolean> {
      const [row] = await db.$queryRaw<{ held: boolean }[]>`
        SELECT EXISTS (SELECT FROM databases
          WHERE server_id = ${serverId} AND engine_name = ${engineName} AND state <> 'deleted') AS held`;
      return row?.held ?? false;
    },

    /** Ids of adoptions of this database that failed or were called off: their marks may be on it. */
    async listGivenUp(serverId: string, engineName: string): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM databases WHERE server_id = ${serverId} AND engine_name = ${engineName} AND state = 'deleted'
          AND EXISTS (SELECT FROM actions WHERE database_id = databases.id AND kind = 'database_adopt'
            AND actions.state IN ('failed', 'cancelled'))`;
      return rows.map(({ id }) => id);
    },

    /**
     * Ids of quarantined databases whose days are over at `now`, longest over first: without those whose drop is under way,
     * or was tried since `triedAfter`. And how many more there are that deletion protection keeps.
     */
    async listToPurge(now: Date, triedAfter: Date, limit: number): Promise<{ ids: string[]; protectedCount: number }> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM databases WHERE state = 'quarantined' AND purge_after <= ${now} AND NOT protected
          AND NOT EXISTS (SELECT FROM actions WHERE database_id = databases.id AND kind = 'database_delete'
            AND (state IN ('queued', 'running') OR (state = 'failed' AND ended_at > ${triedAfter})))
        ORDER BY purge_after LIMIT ${limit}`;
      const [kept] = await db.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int AS count FROM databases WHERE state = 'quarantined' AND purge_after <= ${now} AND protected`;
      return { ids: rows.map(({ id }) => id), protectedCount: kept?.count ?? 0 };
    },
  };
}

function whereOf(filter: DatabaseFilter): Prisma.DatabaseWhereInput {
  return {
    ...(filter.teamId !== undefined && { team_id: filter.teamId }),
    ...(filter.serverId !== undefined && { server_id: filter.serverId }),
    ...(filter.projectId !== undefined && { project_id: filter.projectId }),
    ...(filter.environmentId !== undefined && { environment_id: filter.environmentId }),
    ...(filter.name !== undefined && { name: filter.name }),
    ...(filter.isMeasured && { measured_at: { not: null } }),
    ...(filter.withHidden !== true && { NOT: { hidden: true, state: 'quarantined' } }),
    ...(filter.state === undefined ? { state: { not: 'deleted' } } : { state: filter.state }),
    ...(filter.isUsable && { state: { notIn: ['deleted', 'quarantined'] } }),
  };
}
