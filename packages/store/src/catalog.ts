// What requests are made of: teams, projects, environments, plans, pools. They have no state of their own.
import { type EngineName, newId, PlatformError } from '@berth/core';
import type { Db } from './db';
import type { Environment, Plan, Pool, Project, Team } from './generated/client';
import { LIVING } from './living';

export type { Environment, Plan, Pool, Project, Team };

/** What a request for a database names, by ids or names; null where it names nothing. */
export interface NamedParts {
  teamId: string;
  engine: EngineName;
  project: string | null;
  /** Without one, the pool's. */
  environment: string | null;
  plan: string | null;
  pool: string | null;
}

/** What there is of these: null where there is none, or none any more. */
export interface FoundParts {
  project: NamedRow | null;
  environment: NamedRow | null;
  /** One of the engine, if there is one of that name; else one of another engine. */
  plan: FoundPlan | null;
  pool: (NamedRow & Pick<Pool, 'engine' | 'environment_id'>) | null;
}

export type NamedRow = { id: string; name: string };

/** With the ids of the environments that it may be used in; none: in all. */
export type FoundPlan = Pick<Plan, 'id' | 'name' | 'engine' | 'size_bytes_max' | 'connections_max'> & {
  environments: string[];
};

/** As JSON a large number is a text. */
type PartsAsJson = Omit<FoundParts, 'plan'> & {
  plan: (Omit<FoundPlan, 'size_bytes_max'> & { size_bytes_max: string }) | null;
};

export type PlanView = Plan & { environments: { environment_id: string }[] };

export interface NewPlan {
  name: string;
  engine: EngineName;
  sizeBytesMax: bigint;
  connectionsMax: number;
}

/** Engines are named of whose plans and pools there ever was one. */
export interface EverMade {
  team: boolean;
  environment: boolean;
  plansOf: string[];
  poolsOf: string[];
}

/** Finds by id or by name: people type names, programs keep ids. Each `find` is null when there is none, or none any more. */
export function catalogOf(db: Db) {
  return {
    findTeam: (idOrName: string): Promise<Team | null> =>
      db.team.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }], ...LIVING } }),
    findProject: (teamId: string, idOrName: string): Promise<Project | null> =>
      db.project.findFirst({ where: { team_id: teamId, OR: [{ id: idOrName }, { name: idOrName }], ...LIVING } }),
    findEnvironment: (idOrName: string): Promise<Environment | null> =>
      db.environment.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }], ...LIVING } }),
    findPool: (idOrName: string): Promise<Pool | null> =>
      db.pool.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }], ...LIVING } }),
    /** Plans of two engines may share a name: `engine` decides; without it any of that name. */
    findPlan: (idOrName: string, engine?: string): Promise<PlanView | null> =>
      db.plan.findFirst({
        where: { OR: [{ id: idOrName }, { name: idOrName }], ...(engine !== undefined && { engine }), ...LIVING },
        include: { environments: { select: { environment_id: true } } },
        orderBy: { number: 'asc' },
      }),

    /** All that a request for a database names, by one statement. */
    async findParts({ teamId, engine, project, environment, plan, pool }: NamedParts): Promise<FoundParts> {
      const [row] = await db.$queryRaw<PartsAsJson[]>`
        SELECT row_to_json(project) AS project, row_to_json(environment) AS environment, row_to_json(plan) AS plan,
          row_to_json(pool) AS pool
        FROM (VALUES (1)) one
        LEFT JOIN LATERAL (SELECT id, name, engine, environment_id FROM pools
          WHERE (id = ${pool} OR name = ${pool}) AND deleted_at IS NULL LIMIT 1) pool ON true
        LEFT JOIN LATERAL (SELECT id, name FROM projects
          WHERE team_id = ${teamId} AND (id = ${project} OR name = ${project}) AND deleted_at IS NULL LIMIT 1) project ON true
        LEFT JOIN LATERAL (SELECT id, name FROM environments
          WHERE (id = coalesce(${environment}, pool.environment_id) OR name = ${environment}) AND deleted_at IS NULL
          LIMIT 1) environment ON true
        LEFT JOIN LATERAL (SELECT id, name, engine, size_bytes_max::text, connections_max,
            ARRAY(SELECT environment_id FROM plan_environments WHERE plan_id = plans.id) AS environments
          FROM plans WHERE (id = ${plan} OR name = ${plan}) AND deleted_at IS NULL
          ORDER BY engine <> ${engine}, number LIMIT 1) plan ON true`;
      if (row === undefined) throw new PlatformError('internal', 'The store did not answer what a request names.');
      const found = row.plan;
      return { ...row, plan: found === null ? null : { ...found, size_bytes_max: BigInt(found.size_bytes_max) } };
    },

    /** Plans of an engine, the smallest first. */
    listPlans: (engine: string): Promise<PlanView[]> =>
      db.plan.findMany({
        where: { engine, ...LIVING },
        include: { environments: { select: { environment_id: true } } },
        orderBy: [{ size_bytes_max: 'asc' }, { number: 'asc' }],
      }),
    /** Projects of a team, oldest first. */
    listProjects: (teamId: string): Promise<Project[]> =>
      db.project.findMany({ where: { team_id: teamId, ...LIVING }, orderBy: { number: 'asc' } }),
    /** Oldest first. */
    listEnvironments: (): Promise<Environment[]> =>
      db.environment.findMany({ where: LIVING, orderBy: { number: 'asc' } }),

    /** Oldest first; null when every team was deleted, or none was made. */
    findOldestTeam: (): Promise<Team | null> => db.team.findFirst({ where: LIVING, orderBy: { number: 'asc' } }),

    /**
     * Of what there was ever a row, deleted or renamed since or not. Until commit nobody else who asks this goes on, so
     * that first rows are made by one process.
     */
    async findEverMade(): Promise<EverMade> {
      await db.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('berth first rows'))::text`;
      const [made] = await db.$queryRaw<EverMade[]>`
        SELECT EXISTS (SELECT FROM teams) AS team, EXISTS (SELECT FROM environments) AS environment,
          ARRAY(SELECT DISTINCT engine FROM plans) AS "plansOf", ARRAY(SELECT DISTINCT engine FROM pools) AS "poolsOf"`;
      return made ?? { team: false, environment: false, plansOf: [], poolsOf: [] };
    },

    // Each ensure may be repeated and changes nothing that is there.
    async ensureTeam(name: string): Promise<Team> {
      await db.$executeRaw`
        INSERT INTO teams (id, name) VALUES (${newId('team')}, ${name})
        ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING`;
      return db.team.findFirstOrThrow({ where: { name, ...LIVING } });
    },
    async ensureProject(teamId: string, name: string): Promise<Project> {
      await db.$executeRaw`
        INSERT INTO projects (id, team_id, name) VALUES (${newId('project')}, ${teamId}, ${name})
        ON CONFLICT (team_id, name) WHERE deleted_at IS NULL DO NOTHING`;
      return db.project.findFirstOrThrow({ where: { team_id: teamId, name, ...LIVING } });
    },
    async ensureEnvironment(name: string): Promise<Environment> {
      await db.$executeRaw`
        INSERT INTO environments (id, name) VALUES (${newId('environment')}, ${name})
        ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING`;
      return db.environment.findFirstOrThrow({ where: { name, ...LIVING } });
    },
    async ensurePool(name: string, engine: EngineName, environmentId: string): Promise<Pool> {
      await db.$executeRaw`
        INSERT INTO pools (id, name, engine, environment_id) VALUES (${newId('pool')}, ${name}, ${engine}, ${environmentId})
        ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING`;
      return db.pool.findFirstOrThrow({ where: { name, ...LIVING } });
    },
    async ensurePlan({ name, engine, sizeBytesMax, connectionsMax }: NewPlan): Promise<Plan> {
      await db.$executeRaw`
        INSERT INTO plans (id, name, engine, size_bytes_max, connections_max)
        VALUES (${newId('plan')}, ${name}, ${engine}, ${sizeBytesMax}, ${connectionsMax})
        ON CONFLICT (engine, name) WHERE deleted_at IS NULL DO NOTHING`;
      return db.plan.findFirstOrThrow({ where: { name, engine, ...LIVING } });
    },
  };
}
