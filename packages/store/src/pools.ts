// Pools, as operators make, change and delete them. A pool never changes its engine or its environment.
import { type EngineName, newId } from '@berth/core';
import type { Db } from './db';
import type { Pool } from './generated/client';
import { LIVING, livesOf, refusingName, type Use, usesOf } from './living';
import { type Page, type PageRequest, page } from './page';

export type PoolView = Pool & { environment: { name: string } };

export interface PoolFields {
  name: string;
  headroom_percent: number;
  connections_overcommit: number;
}

export interface PoolFilter {
  engine?: string;
  environment_id?: string;
  name?: string;
}

const VIEW = { environment: { select: { name: true } } } as const;

export function poolsOf(db: Db) {
  return {
    ...livesOf(db, 'pools'),

    /** Null when there is none any more. */
    find: (id: string): Promise<PoolView | null> => db.pool.findFirst({ where: { id, ...LIVING }, include: VIEW }),

    /** Newest first. */
    list: (filter: PoolFilter, request: PageRequest): Promise<Page<PoolView>> =>
      page(request, (window) =>
        db.pool.findMany({
          where: { ...filter, ...LIVING, ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Throws `name_taken`. Hold the environment before. */
    insert: (
      fields: { name: string; engine: EngineName; environment_id: string } & Partial<PoolFields>,
    ): Promise<PoolView> =>
      refusingName(
        'pools',
        'pool',
        fields.name,
        db.pool.create({ data: { id: newId('pool'), ...fields }, include: VIEW }),
      ),

    /** Throws `name_taken`. */
    update: (id: string, change: Partial<PoolFields>): Promise<PoolView> =>
      refusingName('pools', 'pool', change.name ?? '', db.pool.update({ where: { id }, data: change, include: VIEW })),

    /** What keeps it: its servers. */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({ server: () => db.server.count({ where: { pool_id: id, ...LIVING } }) }),

    /** No access falls back on it any more. */
    async dropDefaults(id: string): Promise<void> {
      await db.access.updateMany({ where: { default_pool_id: id }, data: { default_pool_id: null } });
    },
  };
}
