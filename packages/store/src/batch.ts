// Removing what is old in small bites, so that nobody waits for a long delete. Each bite is a statement, in a transaction
// of its own with bounds on how long it may run and wait; packages/actions/src/forget.ts takes one after another.
import { Prisma } from './generated/client';

/** Rows of one bite: a few milliseconds of work. */
export const BATCH = 500;

/**
 * In SQL as a constant: for a LIMIT that it does not know the planner expects a tenth of the table, and reads it whole. For the
 * same reason the rows to be removed are named by an ARRAY, of which it expects few.
 */
export const LIMIT_BATCH = Prisma.raw(`LIMIT ${BATCH}`);

/** One bite. */
export interface Batch {
  removed: number;
  /** Where the next bite begins; null when nothing that old is left. */
  next: number | null;
}

/** What a statement says that looked at the rows after some `number`, in that order. */
export interface Looked {
  removed: number;
  looked: number;
  /** The highest `number` of them. */
  last: number | null;
  /** Whether the last of them was made too late to be old: then so were all that come after. */
  young: boolean | null;
}

/** The end of a statement whose `looked` has (number, created_at) and whose `gone` is what it removed. */
export function tellLooked(before: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT (SELECT count(*)::int FROM gone) AS removed, count(*)::int AS looked, max(number) AS last,
      (array_agg(created_at ORDER BY number DESC))[1] >= ${before} AS young FROM looked`;
}

/** The bite that a statement took, from what it says. */
export function batchOf([row]: Looked[]): Batch {
  if (row === undefined || row.last === null) return { removed: 0, next: null };
  return { removed: row.removed, next: row.looked < BATCH || row.young === true ? null : row.last };
}
