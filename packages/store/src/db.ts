// What the noun files share: the Prisma client or a transaction of it, raising an event inside a statement, and
// reading which constraint was violated.
import { type EventType, newId, type PlatformError } from '@berth/core';
import { eventData } from './event-data';
import { Prisma, type PrismaClient } from './generated/client';

/** The client, or a transaction of it. Every noun function works on either. */
export type Db = Pick<PrismaClient, '$queryRaw' | '$executeRaw'> & Prisma.TransactionClient;

/** Selects the five references of an event from the row that a statement named `changed` returned. */
export const ACTION_REFERENCES = Prisma.sql`team_id, database_id, credential_id, server_id, id`;
export const DATABASE_REFERENCES = Prisma.sql`team_id, id, NULL::text, server_id, NULL::text`;
export const CREDENTIAL_REFERENCES = Prisma.sql`team_id, NULL::text, id, server_id, NULL::text`;
export const SERVER_REFERENCES = Prisma.sql`NULL::text, NULL::text, NULL::text, id, NULL::text`;

/** The columns of a table that this version knows, to select them by name: see statement-names.ts for why not `*`. */
export function columnsOf(table: string, fields: Record<string, string>): Prisma.Sql {
  const columns = Object.values(fields).map((column) => `${table}."${column}"`);
  return Prisma.raw(columns.join(', '));
}

/** How every statement that raises an event can be told. */
const RAISES = 'INSERT INTO events ';

/**
 * The INSERT that raises an event for the row of the statement's `changed`, to stand in the same WITH. With `only` it is
 * raised where that holds of the row.
 */
export function raise(type: EventType, references: Prisma.Sql, only = Prisma.sql`true`): Prisma.Sql {
  return Prisma.sql`
    ${Prisma.raw(RAISES)}(id, type, team_id, database_id, credential_id, server_id, action_id, data)
    SELECT ${newId('event')}, ${type}, ${references}, ${eventData(type)} FROM changed WHERE ${only}`;
}

/** Whether one of the values of a statement is a `raise`. */
export function isRaising(values: unknown[]): boolean {
  return values.some((value) => value instanceof Prisma.Sql && value.strings.some((text) => text.includes(RAISES)));
}

/**
 * The name of the unique index or constraint that made a statement fail; null when something else did. The shape is
 * @prisma/adapter-pg's, which parses PostgreSQL's 23505.
 */
export function violatedIndex(error: unknown): string | null {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return null;
  const cause = child(child(error.meta, 'driverAdapterError'), 'cause');
  const constraint = child(cause, 'constraint');
  const index = child(constraint, 'index');
  if (typeof index === 'string') return index;
  const message = child(cause, 'originalMessage');
  const named = typeof message === 'string' ? /unique constraint "([^"]+)"/.exec(message) : null;
  return named?.[1] ?? null;
}

/** Whether the store ended a transaction so that another could go on (40P01, which Prisma's own reads call P2034). */
export function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  if (error.code === 'P2034') return true;
  const cause = child(child(error.meta, 'driverAdapterError'), 'cause');
  return child(cause, 'originalCode') === '40P01' || child(cause, 'code') === '40P01';
}

/** Awaits a write and turns the violation of one of these indexes into the caller's error. */
export async function refusing<T>(write: Promise<T>, refusals: Record<string, () => PlatformError>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    const refusal = refusals[violatedIndex(error) ?? ''];
    throw refusal === undefined ? error : refusal();
  }
}

function child(parent: unknown, key: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined;
}
