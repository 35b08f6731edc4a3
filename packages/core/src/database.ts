// A database: one logical database on one server.
//
//   creating ----> available <----> quarantined
//       |              |                 |
//       '-> failed     '------> deleted <'        (any state may become deleted; the row stays as a tombstone)
//
// becomeAvailable, becomeFailed: what a create came to. becomeQuarantined, becomeRestored: there and back, data and all.
// becomeDeleted. Quarantining, restoring and deleting are the running action, not states.
//
// What holds in each state:
//   quarantined  `quarantined_at` and `purge_after` are set; nobody but the admin can enter; the asked name stays taken,
//                unless it is `hidden`: then its client was told that it is deleted, and only operators see it
//   deleted      `deleted_at` is set

export const DATABASE_STATES = ['creating', 'available', 'failed', 'quarantined', 'deleted'] as const;
export type DatabaseState = (typeof DATABASE_STATES)[number];

export const OWNER_LOGINS = ['auto', 'none'] as const;
/** `auto`: a first login is made with the database. `none`: logins are asked for one by one. */
export type OwnerLogin = (typeof OWNER_LOGINS)[number];

/** Where neither plan nor environment says how many days a deleted database is kept. */
export const QUARANTINE_DAYS_DEFAULT = 7;

/** How many days plan or environment may keep what is deleted, and how far from now its end may be put off. */
export const QUARANTINE_DAYS_MAX = 365;

/** One that was larger than its plan allows is told of anew only after it fell below this part of that: else one that stands at
 * the edge would be told of again and again. */
export const OVER_QUOTA_AGAIN = 0.9;

/** How many days a database is kept after its delete: 0 drops it at once. */
export function quarantineDaysOf(database: {
  plan: { quarantine_days: number | null };
  environment: { quarantine_days: number | null };
}): number {
  return database.plan.quarantine_days ?? database.environment.quarantine_days ?? QUARANTINE_DAYS_DEFAULT;
}
