// The one writer of a database's state. Drawn in core/src/database.ts.
import { type DatabaseState, fieldError, newId, PlatformError } from '@berth/core';
import { columnsOf, DATABASE_REFERENCES, type Db, raise, refusing } from './db';
import { type Database, Prisma } from './generated/client';
import { LIVING } from './living';
import { Overtaken } from './overtaken';

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
  /** Left out or null: none was asked for. */
  askedCharset?: string | null;
  askedCollation?: string | null;
  labels: Record<string, string>;
  accessId: string | null;
  /** Its caller knows no failed databases: what cannot be made is deleted at once. Default: it is kept for a while. */
  dropWhenFailed?: boolean;
  id: string;
}

export interface DatabaseChange {
  labels?: Record<string, string> | undefined;
  isProtected?: boolean | undefined;
  projectId?: string | undefined;
  pendingPlanId?: string | undefined;
}

export interface Measured {
  sizeBytes: number;
  charset: string;
  collation: string;
}

const columns = columnsOf('changed', Prisma.DatabaseScalarFieldEnum);

export function databasesOf(db: Db) {
  return { ...writesOf(db), ...changesOf(db), ...quarantineOf(db) };
}

/** One arrow: null when the database was not in one of the states `from`. */
async function turn(
  db: Db,
  id: string,
  from: DatabaseState[],
  set: Prisma.Sql,
  event: Parameters<typeof raise>[0],
): Promise<Database | null> {
  const [row] = await db.$queryRaw<Database[]>`
    WITH changed AS (
      UPDATE databases SET ${set} WHERE id = ${id} AND state = ANY(${from}) RETURNING *
    ), raised AS (${raise(event, DATABASE_REFERENCES)})
    SELECT ${columns} FROM changed`;
  return row ?? null;
}

function writesOf(db: Db) {
  return {
    /** Until commit whoever asks for this name, for whatever team, waits: names are taken before room, by all in this order. */
    async lockName(name: string): Promise<void> {
      await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`database ${name}`}, 0))`;
    },

    /**
     * Throws `name_taken` when a living database of the team has that name in that environment, `unknown_reference` when
     * what it names was deleted a moment ago: each is held until commit, or seen as gone. Throws `Overtaken` when its server has
     * another of that engine name by now.
     */
    async insert(database: NewDatabase): Promise<Database> {
      const write = db.$queryRaw<Database[]>`
        WITH changed AS (
          INSERT INTO databases (id, team_id, project_id, environment_id, plan_id, server_id, engine, name, engine_name,
            owner_login, asked_charset, asked_collation, labels, access_id, drop_when_failed)
          SELECT ${database.id}, ${database.teamId}, ${database.projectId}, ${database.environmentId}, ${database.planId},
            ${database.serverId}, ${database.engine}, ${database.name}, ${database.engineName}, ${database.ownerLogin},
            ${database.askedCharset ?? null}, ${database.askedCollation ?? null},
            ${JSON.stringify(database.labels)}::jsonb, ${database.accessId}, ${database.dropWhenFailed ?? false}
          FROM teams, projects, environments, plans, servers
          WHERE teams.id = ${database.teamId} AND projects.id = ${database.projectId}
            AND environments.id = ${database.environmentId} AND plans.id = ${database.planId}
            AND servers.id = ${database.serverId} AND teams.deleted_at IS NULL AND projects.deleted_at IS NULL
            AND environments.deleted_at IS NULL AND plans.deleted_at IS NULL AND servers.deleted_at IS NULL
          FOR KEY SHARE
          RETURNING *
        ), raised AS (${raise('database.creating', DATABASE_REFERENCES)})
        SELECT ${columns} FROM changed`;
      const [row] = await refusing(write, {
        databases_name_free: () => nameTaken(database.name),
        databases_engine_name_free: () => new Overtaken(`The name ${database.engineName} was taken on its server.`),
      });
      if (row === undefined) throw await goneReference(db, database);
      return row;
    },

    /** Another engine name, decided before the engine hears of it, while the database is being created. */
    async renameOnEngine(id: string, engineName: string): Promise<void> {
      await db.$executeRaw`UPDATE databases SET engine_name = ${engineName} WHERE id = ${id} AND state = 'creating'`;
    },

    /** creating -> available. */
    becomeAvailable: (id: string, facts: Measured): Promise<Database | null> =>
      turn(
        db,
        id,
        ['creating'],
        Prisma.sql`state = 'available', size_bytes = ${facts.sizeBytes}, charset = ${facts.charset},
          "collation" = ${facts.collation}, measured_at = now()`,
        'database.available',
      ),

    /** creating -> failed. */
    becomeFailed: (id: string): Promise<Database | null> =>
      turn(db, id, ['creating'], Prisma.sql`state = 'failed'`, 'database.failed'),

    /** failed -> creating: its create is tried again. */
    becomeCreating: (id: string): Promise<Database | null> =>
      turn(db, id, ['failed'], Prisma.sql`state = 'creating'`, 'database.creating'),

    /** Takes an accepted delete back, and the asked name with it. Throws `name_taken` when another has it by now. */
    async withdrawDelete({ id, name }: { id: string; name: string }): Promise<void> {
      const write = db.$executeRaw`
        UPDATE databases SET delete_accepted_at = NULL WHERE id = ${id} AND state <> 'deleted' AND NOT hidden`;
      await refusing(write, { databases_name_free: () => nameTaken(name) });
    },

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
        db,
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

/** What may be changed about a living database. */
function changesOf(db: Db) {
  return {
    /** What is left out stays. Null when it is deleted. */
    async update(id: string, change: DatabaseChange): Promise<Database | null> {
      const { labels, isProtected, projectId, pendingPlanId } = change;
      const [row] = await db.$queryRaw<Database[]>`
        WITH changed AS (
          UPDATE databases SET
            labels = coalesce(${labels === undefined ? null : JSON.stringify(labels)}::jsonb, labels),
            protected = coalesce(${isProtected ?? null}, protected), project_id = coalesce(${projectId ?? null}, project_id),
            pending_plan_id = coalesce(${pendingPlanId ?? null}, pending_plan_id)
          WHERE id = ${id} AND state <> 'deleted' RETURNING *
        ), raised AS (${raise('database.updated', DATABASE_REFERENCES)})
        SELECT ${columns} FROM changed`;
      return row ?? null;
    },

    /** The server holds it to its pending plan: that is its plan now, and this its size, which fits. Safe to repeat. */
    adoptPendingPlan: (id: string, facts: Measured): Promise<Database | null> =>
      turn(
        db,
        id,
        ['available'],
        Prisma.sql`plan_id = coalesce(pending_plan_id, plan_id), pending_plan_id = NULL,
          size_bytes = ${facts.sizeBytes}, measured_at = now(), over_quota_at = NULL`,
        'database.updated',
      ),

    /** It keeps its plan. Safe to repeat. */
    async dropPendingPlan(id: string): Promise<void> {
      await db.$executeRaw`UPDATE databases SET pending_plan_id = NULL WHERE id = ${id}`;
    },
  };
}

/** Between a delete and a drop: what keeps a database, and how long. */
function quarantineOf(db: Db) {
  return {
    /** available -> quarantined, to be kept for `days` from now, by the store's clock. */
    becomeQuarantined: (id: string, days: number): Promise<Database | null> =>
      turn(
        db,
        id,
        ['available'],
        Prisma.sql`state = 'quarantined', quarantined_at = now(), purge_after = now() + ${days} * interval '1 day'`,
        'database.quarantined',
      ),

    /** quarantined -> available. */
    becomeRestored: (id: string): Promise<Database | null> =>
      turn(
        db,
        id,
        ['quarantined'],
        Prisma.sql`state = 'available', quarantined_at = NULL, purge_after = NULL, delete_accepted_at = NULL,
          hidden = false`,
        'database.restored',
      ),

    /** Keeps a quarantined database `days` longer. Null when it is not quarantined. Not a state. */
    extend: (id: string, days: number): Promise<Database | null> =>
      turn(
        db,
        id,
        ['quarantined'],
        Prisma.sql`purge_after = purge_after + ${days} * interval '1 day'`,
        'database.extended',
      ),

    /** From now on its client does not see it where it is quarantined: it was told that the database is deleted. */
    async hide(id: string): Promise<void> {
      await db.$executeRaw`UPDATE databases SET hidden = true WHERE id = ${id} AND state <> 'deleted'`;
    },

    /** Takes the asked name again, before a restore. Throws `name_taken` when another database has it by now. */
    async reclaimName({ id, name }: { id: string; name: string }): Promise<void> {
      const write = db.$executeRaw`
        UPDATE databases SET delete_accepted_at = NULL WHERE id = ${id} AND state = 'quarantined'`;
      await refusing(write, { databases_name_free: () => nameTaken(name) });
    },

    /** After a restore that failed: the name of a hidden database is free again. Safe to repeat. */
    async yieldName(id: string): Promise<void> {
      await db.$executeRaw`
        UPDATE databases SET delete_accepted_at = now()
        WHERE id = ${id} AND state = 'quarantined' AND hidden AND delete_accepted_at IS NULL`;
    },
  };
}

/** Which of the things it names was deleted since they were found. */
async function goneReference(db: Db, database: NewDatabase): Promise<PlatformError> {
  const living = {
    plan: await db.plan.count({ where: { id: database.planId, ...LIVING } }),
    project: await db.project.count({ where: { id: database.projectId, ...LIVING } }),
    environment: await db.environment.count({ where: { id: database.environmentId, ...LIVING } }),
  };
  const field = Object.entries(living).find(([, count]) => count === 0)?.[0] ?? 'pool';
  return fieldError('unknown_reference', field, `This ${field} was deleted a moment ago. Name another.`);
}

function nameTaken(name: string): PlatformError {
  return new PlatformError('name_taken', `A database named "${name}" exists in this environment.`, {
    fields: [{ field: 'name', message: 'choose another name, or delete the database that has it' }],
  });
}
