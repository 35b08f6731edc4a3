// A database as the product shows it: as itself, and by the status that clients wait for.
import type { StandingDatabase } from '@berth/store';
import { objectIdOf, projectIdOf } from './ids';

/** As the documentation has it. */
export function showDatabase(database: StandingDatabase) {
  return {
    id: objectIdOf(database),
    name: database.name,
    project_id: projectIdOf({ id: database.project_id }),
    technology: database.engine,
    plan: database.plan.name,
  };
}

/** Of the statuses that go-scalingo knows; clients wait for `running`. */
export type Status = 'creating' | 'running' | 'updating' | 'stopped';

/** `stopped` is one that could not be made: the product has no word for that. */
export function statusOf({ pending_plan_id, state }: StandingDatabase): Status {
  if (state === 'failed') return 'stopped';
  if (state !== 'available') return 'creating';
  return pending_plan_id === null ? 'running' : 'updating';
}
