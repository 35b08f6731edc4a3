// What is left of databases, logins and grants that are gone. A tombstone is removed when it is old and no action tells of
// it any more; with it go its grants, which nobody has. What lives is never touched.
import { BATCH, type Batch, LIMIT_BATCH } from './batch';
import type { Db } from './db';
import { Prisma } from './generated/client';

export function tombstonesOf(db: Db) {
  /** Of one of the two tables: `column` is what actions and grants call it. One by one by their
   * index: for a NOT EXISTS the planner may read all actions. */
  async function remove(table: 'databases' | 'credentials', column: string, before: Date): Promise<Batch> {
    const [name, id] = [Prisma.raw(table), Prisma.raw(column)];
    const removed = await db.$executeRaw`
      WITH old AS (
        SELECT id FROM ${name} mine WHERE state = 'deleted' AND deleted_at < ${before}
          AND (SELECT id FROM actions WHERE actions.${id} = mine.id LIMIT 1) IS NULL
        ORDER BY deleted_at ${LIMIT_BATCH} FOR UPDATE SKIP LOCKED
      ), ungranted AS (DELETE FROM grants WHERE ${id} = ANY(ARRAY(SELECT id FROM old)))
      DELETE FROM ${name} WHERE id = ANY(ARRAY(SELECT id FROM old))`;
    return { removed, next: removed === BATCH ? 0 : null };
  }

  return {
    /** Some of the databases that were deleted before `before`, the oldest first. Safe to repeat and to race. */
    removeDatabases: (before: Date): Promise<Batch> => remove('databases', 'database_id', before),

    /** The same of logins. */
    removeCredentials: (before: Date): Promise<Batch> => remove('credentials', 'credential_id', before),

    /** Some of the grants that were revoked before `before`, also where login and database live. Safe to repeat and to race. */
    async removeGrants(before: Date): Promise<Batch> {
      const removed = await db.$executeRaw`
        DELETE FROM grants WHERE id = ANY(ARRAY(
          SELECT id FROM grants WHERE revoked_at < ${before} ORDER BY revoked_at ${LIMIT_BATCH} FOR UPDATE SKIP LOCKED))`;
      return { removed, next: removed === BATCH ? 0 : null };
    },
  };
}
