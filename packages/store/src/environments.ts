// Environments, as operators make, change and delete them.
import { newId } from '@berth/core';
import type { Db } from './db';
import type { Environment } from './generated/client';
import { LIVING, livesOf, refusingName, type Use, usesOf } from './living';
import { type Page, type PageRequest, page } from './page';

export interface EnvironmentFields {
  name: string;
  /** Null leaves it to the plan, and else to Berth's own default. */
  quarantine_days: number | null;
}

export function environmentsOf(db: Db) {
  return {
    ...livesOf(db, 'environments'),

    /** Null when there is none any more. */
    find: (id: string): Promise<Environment | null> => db.environment.findFirst({ where: { id, ...LIVING } }),

    /** Newest first. */
    list: (filter: { id?: string; name?: string }, request: PageRequest): Promise<Page<Environment>> =>
      page(request, (window) =>
        db.environment.findMany({
          where: { ...filter, ...LIVING, ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
        }),
      ),

    /** Throws `name_taken`. */
    insert: (fields: EnvironmentFields): Promise<Environment> =>
      refusingName(
        'environments',
        'environment',
        fields.name,
        db.environment.create({ data: { id: newId('environment'), ...fields } }),
      ),

    /** Throws `name_taken`. */
    update: (id: string, change: Partial<EnvironmentFields>): Promise<Environment> =>
      refusingName(
        'environments',
        'environment',
        change.name ?? '',
        db.environment.update({ where: { id }, data: change }),
      ),

    /**
     * What keeps it: pools, databases, accesses limited to it; and plans that name it, for a plan that names no
     * environment may be used in all.
     */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({
        pool: () => db.pool.count({ where: { environment_id: id, ...LIVING } }),
        database: () => db.database.count({ where: { environment_id: id, state: { not: 'deleted' } } }),
        'plan that names it': () => db.planEnvironment.count({ where: { environment_id: id, plan: LIVING } }),
        'access limited to it': () => db.access.count({ where: { limit_environment_id: id, revoked_at: null } }),
      }),

    /** No access falls back on it any more. */
    async dropDefaults(id: string): Promise<void> {
      await db.access.updateMany({ where: { default_environment_id: id }, data: { default_environment_id: null } });
    },
  };
}
