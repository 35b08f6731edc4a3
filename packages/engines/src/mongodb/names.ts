// What Berth calls its own things on a MongoDB server. Tenants have no role in any of these databases.

/** The permanent neighbour that every new login must fail on. */
export const CANARY = 'berth_canary';
/** Where Berth writes down what is its own, before it is made. */
export const REGISTRY = 'berth';
/** In the registry: `{ _id: <name in lower case>, name, id }`, one for each database of ours. This is the marker. */
export const DATABASES = 'databases';
/** In the registry: `{ _id: <name>, id, roles }`, what a locked login had and is to get back. */
export const LOGINS = 'logins';
/** In the registry: `{ _id: <key>, holders }`, who holds a lock, the newest last. */
export const LOCKS = 'locks';
/** Logins live in `admin`, so that one can have roles in several databases. */
export const USERS_DATABASE = 'admin';
export const SYSTEM_DATABASES = [USERS_DATABASE, 'config', 'local'];
/**
 * The collection that makes a tenant's database exist while nothing is written in it. It proves nothing: whoever may write
 * there may drop or fill it, and then nothing follows.
 */
export const PLACEHOLDER = 'berth';

/** Users that hold a lock for as long as a session: see lock.ts. */
export const HOLDER_PREFIX = 'berth-holder-';

/** Under which a database is written down: no two of a server differ by case alone. */
export function registryKeyOf(database: string): string {
  return database.toLowerCase();
}

/** The collection in which a login's role is tried. One for each login, so that a proof that died is cleared by the next. */
export function checkCollectionOf(loginId: string): string {
  return `berth_check_${loginId}`;
}
