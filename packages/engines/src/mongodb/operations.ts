// What runs on the server, and for whom. A connection that does nothing is told too, with whoever logged in on it.
import type { Document } from 'mongodb';
import { type Admin, run } from './admin';
import { USERS_DATABASE } from './names';

export interface Operation {
  id: unknown;
  /** False for a connection that does nothing. */
  isActive: boolean;
  /** `database.collection`; empty for what is about none. */
  namespace: string;
  /** Who logged in, by `keyOf`. */
  users: string[];
}

/** One answer; what is beyond is there at the next look, for none of it counts as seen gone. */
const BATCH = 10_000;

export interface User {
  user: string;
  db: string;
}

/** A login of ours, as the server knows it. */
export function inAdmin(user: string): User {
  return { user, db: USERS_DATABASE };
}

/** A name alone may be that of several users, each in a database of its own. */
export function keyOf({ user, db }: User): string {
  return `${db}.${user}`;
}

/** The connections of these users, busy or not. */
export async function listOperationsOf(admin: Admin, users: User[]): Promise<Operation[]> {
  const names = [...new Set(users.map(({ user }) => user))];
  const keys = new Set(users.map(keyOf));
  const seen = await list(admin, true, [{ $match: { 'effectiveUsers.user': { $in: names } } }]);
  return seen.filter((operation) => operation.users.some((key) => keys.has(key)));
}

/** Every connection that somebody logged in on, busy or not. */
export async function listConnections(admin: Admin): Promise<Operation[]> {
  const seen = await list(admin, true, []);
  return seen.filter(({ users }) => users.length > 0);
}

/**
 * What runs in a database now, whoever sent it. Its cursors and transactions that wait end with their users' sessions. The
 * server's own threads (index builds, the monitor of TTL indexes) have no user, and stop with the database.
 */
export async function listOperationsIn(admin: Admin, database: string): Promise<Operation[]> {
  const running = await list(admin, false, []);
  return running.filter((operation) => operation.users.length > 0 && isInside(operation, database));
}

/** Whether an operation is about this database. */
export function isInside({ namespace }: Operation, database: string): boolean {
  return namespace === database || namespace.startsWith(`${database}.`);
}

async function list(admin: Admin, idleConnections: boolean, stages: Document[]): Promise<Operation[]> {
  const { cursor } = await run(admin, 'admin', {
    aggregate: 1,
    pipeline: [{ $currentOp: { allUsers: true, idleConnections } }, ...stages],
    cursor: { batchSize: BATCH },
  });
  const entries: Document[] = cursor.firstBatch;
  return entries.map(({ opid, active, ns, effectiveUsers = [] }) => ({
    id: opid,
    isActive: active === true,
    namespace: typeof ns === 'string' ? ns : '',
    users: effectiveUsers.map(keyOf),
  }));
}

/** Asks the server to end an operation; it ends at its next look at its own state. */
export async function endOperation(admin: Admin, id: unknown): Promise<void> {
  await run(admin, 'admin', { killOp: 1, op: id });
}

/**
 * Ends what the logical sessions of these users run: operations, cursors that wait, transactions. It closes no connection and
 * takes no login away (https://www.mongodb.com/docs/manual/reference/command/killAllSessions/).
 */
export async function endLogicalSessions(admin: Admin, users: User[]): Promise<void> {
  if (users.length > 0) await run(admin, 'admin', { killAllSessions: users }); // an empty list would mean everybody
}
