// The one writer of a database's state. Drawn in core/src/database.ts.
import { type DatabaseState, newId, PlatformError } from '@berth/core';
import { columnsOf, DATABASE_REFERENCES, type Db, raise, refusing } from './db';
import { type Database, Prisma } from './generated/client';
import { type Page, type PageRequest, type Placed, page } from './page';

export type { Database };

export interface NewDatabase {
  teamId: string;
  projectId: string;
  environmentId: string;
  planId: string;
  serverId: string;
  engine: string;
  name: string;
  engineName: string;
  ownerLogin: 'auto' | 'none';
  labels: Record<string, string>;
  accessId: string | null;
  id: string;
}

export interface DatabaseFilter {
  teamId?: string;
  serverId?: string;
  projectId?: string;
  environmentId?: string;
  state?: string;
  name?: string;
  /** Only those that were made and looked at: size, charset and collation are known. */
  isMeasured?: true;
}

export interface Measured {
  sizeBytes: number;
  charset: string;
  collation: string;
}

/** A database with the names of what it belongs to, as lists and single answers show it. */
export type DatabaseView = Database & {
  project: { name: string };
  environment: { name: string };
  plan: { name: string; connections_max: number };
  server: { name: string; host: string; port: number; tls: string };
};

const VIEW = {
  project: { select: { name: true } },
  environment: { select: { name: true } },
  plan: { select: { name: true, connections_max: true } },
  server: { select: { name: true, host: true, port: true, tls: true } },
} as const;

/** The same in one statement: the four relations of an `include` are four more. */
const VIEW_SQL = Prisma.sql`
  SELECT ${columnsOf('databases', Prisma.DatabaseScalarFieldEnum)},
    json_build_object('name', projects.name) AS project, json_build_object('name', environments.name) AS environment,
    json_build_object('name', plans.name, 'connections_max', plans.connections_max) AS plan,
    json_build_object('name', servers.name, 'host', servers.host, 'port', servers.port, 'tls', servers.tls) AS server
  FROM databases JOIN projects ON projects.id = databases.project_id
    JOIN environments ON environments.id = databases.environment_id
    JOIN plans ON plans.id = databases.plan_id JOIN servers ON servers.id = databases.server_id`;

const columns = columnsOf('changed', Prisma.DatabaseScalarFieldEnum);

export function databasesOf(db: Db) {
  return { ...readsOf(db), ...writesOf(db) };
}

function writesOf(db: Db) {
  /** One arrow: null when the database was not in one of the states `from`. */
  async function turn(id: string, from: DatabaseState[], set: Prisma.Sql, event: Parameters<typeof raise>[0]) {
    const [row] = await db.$queryRaw<Database[]>`
      WITH changed AS (
        UPDATE databases SET ${set} WHERE id = ${id} AND state = ANY(${from}) RETURNING *
      ), raised AS (${raise(event, DATABASE_REFERENCES)})
      SELECT ${columns} FROM changed`;
    return row ?? null;
  }

  return {
    /** Throws `name_taken` when a living database of the team has that name in that environment. */
    async insert(database: NewDatabase): Promise<Database> {
      const write = db.$queryRaw<Database[]>`
        WITH changed AS (
          INSERT INTO databases (id, team_id, project_id, environment_id, plan_id, server_id, engine, name, engine_name,
            owner_login, labels, access_id)
          VALUES (${database.id}, ${database.teamId}, ${database.projectId}, ${database.environmentId}, ${database.planId},
            ${database.serverId}, ${database.engine}, ${database.name}, ${database.engineName}, ${database.ownerLogin},
            ${JSON.stringify(database.labels)}::jsonb, ${database.accessId})
          RETURNING *
        ), raised AS (${raise('database.creating', DATABASE_REFERENCES)})
        SELECT ${columns} FROM changed`;
      const [row] = await refusing(write, { databases_name_free: () => nameTaken(database.name) });
      if (row === undefined) throw new PlatformError('internal', 'The store did not return the database it wrote.');
      return row;
    },

    /** Another engine name, decided before the engine hears of it, while the database is being created. */
    async renameOnEngine(id: string, engineName: string): Promise<void> {
      await db.$executeRaw`UPDATE databases SET engine_name = ${engineName} WHERE id = ${id} AND state = 'creating'`;
    },

    /** creating -> available. */
    becomeAvailable: (id: string, facts: Measured): Promise<Database | null> =>
      turn(
        id,
        ['creating'],
        Prisma.sql`state = 'available', size_bytes = ${facts.sizeBytes}, charset = ${facts.charset},
          "collation" = ${facts.collation}, measured_at = now()`,
        'database.available',
      ),

    /** creating -> failed. */
    becomeFailed: (id: string): Promise<Database | null> =>
      turn(id, ['creating'], Prisma.sql`state = 'failed'`, 'database.failed'),

    /** Frees the asked name: a delete was accepted. Null when one was accepted before. Not a state. */
    async acceptDelete(id: string): Promise<Database | null> {
      const [row] = await db.$queryRaw<Database[]>`
        WITH changed AS (
          UPDATE databases SET delete_accepted_at = now()
          WHERE id = ${id} AND state <> 'deleted' AND delete_accepted_at IS NULL RETURNING *
        ), raised AS (${raise('database.deleting', DATABASE_REFERENCES)})
        SELECT ${columns} FROM changed`;
      return row ?? null;
    },

    /** Any living state -> deleted; the row stays as a tombstone. */
    becomeDeleted: (id: string): Promise<Database | null> =>
      turn(
        id,
        ['creating', 'available', 'failed', 'quarantined'],
        Prisma.sql`state = 'deleted', deleted_at = now(), quarantined_at = NULL, purge_after = NULL,
          delete_accepted_at = coalesce(delete_accepted_at, now())`,
        'database.deleted',
      ),

    /** A fresh id, so that the engine name can be made from it before the row is written. */
    newId: (): string => newId('database'),
  };
}

function readsOf(db: Db) {
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

    /** Whether this engine name is held by a database of this server, even one on its way out. */
    isEngineNameHeld: async (serverId: string, engineName: string): Promise<boolean> =>
      (await db.database.count({
        where: { server_id: serverId, engine_name: engineName, state: { not: 'deleted' } },
      })) > 0,
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
    ...(filter.state === undefined ? { state: { not: 'deleted' } } : { state: filter.state }),
  };
}

function nameTaken(name: string): PlatformError {
  return new PlatformError('name_taken', `A database named "${name}" exists in this environment.`, {
    fields: [{ field: 'name', message: 'choose another name, or delete the database that has it' }],
  });
}
