// Accesses, found by the hash of their secret. A token itself is never here.
import { newId, type Scope } from '@berth/core';
import { columnsOf, type Db } from './db';
import { type Access, Prisma } from './generated/client';

export type { Access };

export interface NewAccess {
  teamId: string;
  name: string;
  person: string;
  secretHash: string;
  scopes: Scope[];
  defaults: { engine?: string; planId?: string; environmentId?: string; projectId?: string; poolId?: string };
  expiresAt: Date | null;
}

const columns = columnsOf('accesses', Prisma.AccessScalarFieldEnum);

export function accessesOf(db: Db) {
  return {
    /** The living bearer access with this hash; null when it is unknown, expired or revoked (by the store's clock). */
    async findBearer(secretHash: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        SELECT ${columns} FROM accesses
        WHERE kind = 'bearer' AND secret_hash = ${secretHash} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`;
      return row ?? null;
    },

    /** Null when there is none. */
    find: (id: string): Promise<Access | null> => db.access.findUnique({ where: { id } }),

    /** A bearer access; if one with this secret exists, that one, unchanged. Safe to repeat. */
    ensureBearer: (access: NewAccess): Promise<Access> =>
      db.access.upsert({
        where: { secret_hash: access.secretHash },
        update: {},
        create: {
          id: newId('access'),
          kind: 'bearer',
          team_id: access.teamId,
          name: access.name,
          person: access.person,
          secret_hash: access.secretHash,
          scopes: access.scopes,
          default_engine: access.defaults.engine ?? null,
          default_plan_id: access.defaults.planId ?? null,
          default_environment_id: access.defaults.environmentId ?? null,
          default_project_id: access.defaults.projectId ?? null,
          default_pool_id: access.defaults.poolId ?? null,
          expires_at: access.expiresAt,
        },
      }),
  };
}
