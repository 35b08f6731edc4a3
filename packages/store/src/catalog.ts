// What requests are made of: teams, projects, environments, plans, pools. They have no state of their own.
import { type EngineName, newId } from '@berth/core';
import type { Db } from './db';
import type { Environment, Plan, Pool, Project, Team } from './generated/client';
import { LIVING } from './living';

export type { Environment, Plan, Pool, Project, Team };

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
