// A database: one logical database on one server.
//
//   creating ----> available <----> quarantined
//       |              |                 |
//       '-> failed     '------> deleted <'        (any state may become deleted; the row stays as a tombstone)
//
// Quarantining, restoring and deleting are the running action, not states.

export const DATABASE_STATES = ['creating', 'available', 'failed', 'quarantined', 'deleted'] as const;
export type DatabaseState = (typeof DATABASE_STATES)[number];

export const OWNER_LOGINS = ['auto', 'none'] as const;
/** `auto`: a first login is made with the database. `none`: logins are asked for one by one. */
export type OwnerLogin = (typeof OWNER_LOGINS)[number];
