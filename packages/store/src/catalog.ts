// What requests are made of: teams, projects, environments, plans, pools. They have no state of their own.
import { type EngineName, newId } from '@berth/core';
import type { Db } from './db';
import type { Environment, Plan, Pool, Project, Team } from './generated/client';

export type { Environment, Plan, Pool, Project, Team };

export type PlanView = Plan & { environments: { environment_id: string }[] };

export interface NewPlan {
  name: string;
  engine: EngineName;
  sizeBytesMax: bigint;
  connectionsMax: number;
}

/** Finds by id or by name: people type names, programs keep ids. Each `find` is null when there is none. */
export function catalogOf(db: Db) {
  return {
    findTeam: (idOrName: string): Promise<Team | null> =>
      db.team.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }] } }),
    findProject: (teamId: string, idOrName: string): Promise<Project | null> =>
      db.project.findFirst({ where: { team_id: teamId, OR: [{ id: idOrName }, { name: idOrName }] } }),
    findEnvironment: (idOrName: string): Promise<Environment | null> =>
      db.environment.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }] } }),
    findPool: (idOrName: string): Promise<Pool | null> =>
      db.pool.findFirst({ where: { OR: [{ id: idOrName }, { name: idOrName }] } }),
    /** Plans of two engines may share a name: `engine` decides; without it any of that name. */
    findPlan: (idOrName: string, engine?: string): Promise<PlanView | null> =>
      db.plan.findFirst({
        where: { OR: [{ id: idOrName }, { name: idOrName }], ...(engine !== undefined && { engine }) },
        include: { environments: { select: { environment_id: true } } },
        orderBy: { number: 'asc' },
      }),

    /** Plans of an engine, the smallest first. */
    listPlans: (engine: string): Promise<PlanView[]> =>
      db.plan.findMany({
        where: { engine },
        include: { environments: { select: { environment_id: true } } },
        orderBy: [{ size_bytes_max: 'asc' }, { number: 'asc' }],
      }),
    /** Projects of a team, oldest first. */
    listProjects: (teamId: string): Promise<Project[]> =>
      db.project.findMany({ where: { team_id: teamId }, orderBy: { number: 'asc' } }),
    /** Oldest first. */
    listEnvironments: (): Promise<Environment[]> => db.environment.findMany({ orderBy: { number: 'asc' } }),

    // Each ensure may be repeated and changes nothing that is there.
    ensureTeam: (name: string): Promise<Team> =>
      db.team.upsert({ where: { name }, update: {}, create: { id: newId('team'), name } }),
    ensureProject: (teamId: string, name: string): Promise<Project> =>
      db.project.upsert({
        where: { team_id_name: { team_id: teamId, name } },
        update: {},
        create: { id: newId('project'), team_id: teamId, name },
      }),
    ensureEnvironment: (name: string): Promise<Environment> =>
      db.environment.upsert({ where: { name }, update: {}, create: { id: newId('environment'), name } }),
    ensurePool: (name: string, engine: EngineName, environmentId: string): Promise<Pool> =>
      db.pool.upsert({
        where: { name },
        update: {},
        create: { id: newId('pool'), name, engine, environment_id: environmentId },
      }),
    ensurePlan: (plan: NewPlan): Promise<Plan> =>
      db.plan.upsert({
        where: { engine_name: { engine: plan.engine, name: plan.name } },
        update: {},
        create: {
          id: newId('plan'),
          name: plan.name,
          engine: plan.engine,
          size_bytes_max: plan.sizeBytesMax,
          connections_max: plan.connectionsMax,
        },
      }),
  };
}
