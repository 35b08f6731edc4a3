// Rows that operators delete: they are taken out of use and stay as tombstones, for deleted databases refer to them. What
// is about to refer to one holds it first, so that it is either in use when a delete counts its uses, or seen as gone.
import { PlatformError } from '@berth/core';
import { type Db, refusing } from './db';
import { Prisma } from './generated/client';

type Table = 'teams' | 'projects' | 'environments' | 'plans' | 'pools';

/** What uses a thing, and how often: `{ what: 'database', count: 2 }`. */
export interface Use {
  what: string;
  count: number;
}

/** In a filter: what was not deleted. */
export const LIVING = { deleted_at: null };

/** The part of a noun's functions that is the same for all of them. */
export function livesOf(db: Db, table: Table) {
  const name = Prisma.raw(table);
  return {
    /** Keeps it from being deleted until commit. False when there is none, or none any more. */
    async hold(id: string): Promise<boolean> {
      const rows = await db.$queryRaw<unknown[]>`
        SELECT id FROM ${name} WHERE id = ${id} AND deleted_at IS NULL FOR KEY SHARE`;
      return rows.length > 0;
    },

    /** Waits for all who hold it, and keeps others from doing so until commit. False when there is none any more. */
    async lock(id: string): Promise<boolean> {
      const rows = await db.$queryRaw<unknown[]>`
        SELECT id FROM ${name} WHERE id = ${id} AND deleted_at IS NULL FOR UPDATE`;
      return rows.length > 0;
    },

    /** Out of use, and its name free. Safe to repeat. Lock it and look for its uses before. */
    async retire(id: string): Promise<void> {
      await db.$executeRaw`UPDATE ${name} SET deleted_at = now() WHERE id = ${id} AND deleted_at IS NULL`;
    },
  };
}

/** Counts of rows, one after another: a transaction has one connection, and pg 9 refuses a second query on it. */
export async function usesOf(counts: Record<string, () => Promise<number>>): Promise<Use[]> {
  const uses: Use[] = [];
  for (const [what, count] of Object.entries(counts)) uses.push({ what, count: await count() });
  return uses.filter(({ count }) => count > 0);
}

/** Awaits a write of a row with a name; the name of another living one is `name_taken`. */
export function refusingName<T>(table: Table, noun: string, name: string, write: Promise<T>): Promise<T> {
  return refusing(write, {
    [`${table}_name_free`]: () =>
      new PlatformError('name_taken', `There is ${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun} named "${name}".`, {
        fields: [{ field: 'name', message: 'choose another name' }],
      }),
  });
}
