// What runs on the server, and for whom. A connection that does nothing is told too, with whoever logged in on it.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
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

/** One answer, of less than the 16 MB that one may have. */
const BATCH = 10_000;
/** Users that are connected at one moment: an answer has less than 100 bytes for each. */
const COUNTED_MAX = 100_000;
/** An operation that is killed ends at its next look at its own state. */
const EXIT_MS = 50;
/** More than two seconds of that mean trouble. */
const LOOKS_MAX = 40;

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

/** The connections of these users, busy or not; the busy ones first, of which so none is beyond `limit`. */
export async function listOperationsOf(admin: Admin, users: User[], limit = BATCH): Promise<Operation[]> {
  const names = [...new Set(users.map(({ user }) => user))];
  const keys = new Set(users.map(keyOf));
  const seen = await list(admin, true, [{ $match: { 'effectiveUsers.user': { $in: names } } }], limit);
  return seen.filter((operation) => operation.users.some((key) => keys.has(key)));
}

/**
 * How many connections each user has, busy or not, by `keyOf`. They are counted on the server: an answer has an entry for each user
 * that is connected. Throws `engine_refused` for more than 100,000.
 */
export async function countConnections(admin: Admin): Promise<Map<string, number>> {
  const { cursor } = await run(admin, 'admin', {
    aggregate: 1,
    pipeline: [
      { $currentOp: { allUsers: true, idleConnections: true } },
      { $unwind: '$effectiveUsers' },
      { $group: { _id: '$effectiveUsers', count: { $sum: 1 } } },
    ],
    cursor: { batchSize: COUNTED_MAX },
  });
  if (Number(cursor.id) !== 0) {
    throw new PlatformError('engine_refused', `More users are connected than ${COUNTED_MAX}, or one answer, can hold`);
  }
  const counted: Document[] = cursor.firstBatch;
  return new Map(
    counted.map(({ _id, count }) => [keyOf({ user: String(_id.user), db: String(_id.db) }), Number(count)]),
  );
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

/** A tenant may open more connections than one answer tells of: those that do nothing must not hide one that does. */
async function list(admin: Admin, idleConnections: boolean, stages: Document[], limit = BATCH): Promise<Operation[]> {
  const short = [{ $project: { opid: 1, active: 1, ns: 1, effectiveUsers: 1 } }, { $sort: { active: -1 } }];
  const { cursor } = await run(admin, 'admin', {
    aggregate: 1,
    pipeline: [{ $currentOp: { allUsers: true, idleConnections } }, ...stages, ...short, { $limit: limit }],
    cursor: { batchSize: limit },
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

/**
 * Ends what these users run at this moment, in whatever database they named: one that copies from another one into ours
 * (`$out`, `$merge`, bulkWrite) was asked for its rights once, before they were taken. What they begin from now on is asked
 * anew. killAllSessions ends only what names a session. Throws `sessions_remain`.
 */
export async function endOperationsOf(admin: Admin, users: User[]): Promise<void> {
  if (users.length === 0) return;
  await endLogicalSessions(admin, users);
  const running = async () => (await listOperationsOf(admin, users)).filter(({ isActive }) => isActive);
  const begun = new Set((await running()).map(({ id }) => id));
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const left = (await running()).filter(({ id }) => begun.has(id));
    if (left.length === 0) return;
    for (const { id } of left) await endOperation(admin, id);
    await pause(EXIT_MS);
  }
  throw new PlatformError('sessions_remain', 'What a login had begun before it lost its role does not end');
}
