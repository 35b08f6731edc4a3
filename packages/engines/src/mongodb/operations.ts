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
  /** Who logged in, where that was `admin`. */
  users: string[];
}

/** One answer; what is beyond is there at the next look, for none of it counts as seen gone. */
const BATCH = 10_000;

/** The connections of these logins, busy or not. */
export function listOperationsOf(admin: Admin, logins: string[]): Promise<Operation[]> {
  return list(admin, true, [{ $match: { 'effectiveUsers.user': { $in: logins } } }]);
}

/** What runs in a database now, whoever sent it. Its cursors and transactions that wait end with their users' sessions. */
export async function listOperationsIn(admin: Admin, database: string): Promise<Operation[]> {
  const running = await list(admin, false, []);
  return running.filter((operation) => isInside(operation, database));
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
    users: effectiveUsers.filter(({ db }: Document) => db === USERS_DATABASE).map(({ user }: Document) => String(user)),
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
export async function endLogicalSessions(admin: Admin, users: { user: string; db: string }[]): Promise<void> {
  if (users.length > 0) await run(admin, 'admin', { killAllSessions: users }); // an empty list would mean everybody
}
