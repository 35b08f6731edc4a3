// Plans, as operators make, change and delete them. A plan never changes its engine.
import { type EngineName, newId } from '@berth/core';
import type { Db } from './db';
import type { Plan } from './generated/client';
import { LIVING, livesOf, refusingName, type Use, usesOf } from './living';
import { type Page, type PageRequest, page } from './page';

/** A plan with the environments it may be used in; with none it may be used in all. */
export type NamedPlan = Plan & { environments: { environment: { id: string; name: string } }[] };

export interface PlanFields {
  name: string;
  size_bytes_max: bigint;
  connections_max: number;
  quarantine_days: number | null;
}

export interface PlanFilter {
  engine?: string;
  name?: string;
  /** Only what may be used in it. */
  environmentId?: string;
}

const VIEW = {
  environments: {
    select: { environment: { select: { id: true, name: true } } },
    orderBy: { environment: { number: 'asc' } },
  },
} as const;

export function plansOf(db: Db) {
  return {
    ...livesOf(db, 'plans'),

    /** Null when there is none any more. */
    find: (id: string): Promise<NamedPlan | null> => db.plan.findFirst({ where: { id, ...LIVING }, include: VIEW }),

    /** Newest first. */
    list: ({ environmentId, ...filter }: PlanFilter, request: PageRequest): Promise<Page<NamedPlan>> =>
      page(request, (window) =>
        db.plan.findMany({
          where: {
            ...filter,
            ...(environmentId !== undefined && {
              OR: [{ environments: { none: {} } }, { environments: { some: { environment_id: environmentId } } }],
            }),
            ...LIVING,
            ...window.where,
          },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Throws `name_taken` when the engine has one of that name. Hold the environments before. */
    insert: (fields: PlanFields & { engine: EngineName }, environmentIds: string[]): Promise<NamedPlan> =>
      refusingName(
        'plans',
        `plan of ${fields.engine}`,
        fields.name,
        db.plan.create({
          data: {
            id: newId('plan'),
            ...fields,
            environments: { create: environmentIds.map((id) => ({ environment_id: id })) },
          },
          include: VIEW,
        }),
      ),

    /** Throws `name_taken`. `environmentIds` replaces them all; without it they stay. */
    update: (id: string, change: Partial<PlanFields>, environmentIds?: string[]): Promise<NamedPlan> =>
      refusingName(
        'plans',
        'plan of this engine',
        change.name ?? '',
        db.plan.update({
          where: { id },
          data: {
            ...change,
            ...(environmentIds !== undefined && {
              environments: { deleteMany: {}, create: environmentIds.map((each) => ({ environment_id: each })) },
            }),
          },
          include: VIEW,
        }),
      ),

    /** What keeps it: databases that are not gone yet, or are being changed to it. */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({
        database: () =>
          db.database.count({
            where: { OR: [{ plan_id: id }, { pending_plan_id: id }], state: { not: 'deleted' } },
          }),
      }),

    /** No access falls back on it any more. */
    async dropDefaults(id: string): Promise<void> {
      await db.access.updateMany({ where: { default_plan_id: id }, data: { default_plan_id: null } });
    },
  };
}
