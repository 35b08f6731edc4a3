// What the noun files share: the Prisma client or a transaction of it, raising an event inside a statement, and
// reading which constraint was violated.
import { type EventType, newId, type PlatformError } from '@berth/core';
import { DatabaseError } from 'pg';
import { eventData } from './event-data';
import { Prisma } from './generated/client';
import type { Overtaken } from './overtaken';
import type { Raw } from './raw';

/** The client, or a transaction of it. Every noun function works on either. */
export type Db = Raw & Omit<Prisma.TransactionClient, keyof Raw>;

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

/** SQLSTATE. */
const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/** How every statement that raises an event can be told. */
const RAISES = 'INSERT INTO events ';

/**
 * The INSERT that raises an event for the row of the statement's `changed`, to stand in the same WITH. With `only` it is
 * raised where that holds of the row. Of several rows each brings the `id` of its own event.
 */
export function raise(
  type: EventType,
  references: Prisma.Sql,
  only = Prisma.sql`true`,
  id = Prisma.sql`${newId('event')}`,
): Prisma.Sql {
  return Prisma.sql`
    ${Prisma.raw(RAISES)}(id, type, team_id, database_id, credential_id, server_id, action_id, data)
    SELECT ${id}, ${type}, ${references}, ${eventData(type)} FROM changed WHERE ${only}`;
}

/** Whether the text of a statement has a `raise` in it. */
export function isRaising(text: string): boolean {
  return text.includes(RAISES);
}

/** The name of the unique index or constraint that made a statement fail; null when something else did. */
export function violatedIndex(error: unknown): string | null {
  if (error instanceof DatabaseError) return error.code === UNIQUE_VIOLATION ? (error.constraint ?? null) : null;
  const cause = causeOf(error);
  const index = child(child(cause, 'constraint'), 'index');
  if (typeof index === 'string') return index;
  const message = child(cause, 'originalMessage');
  const named = typeof message === 'string' ? /unique constraint "([^"]+)"/.exec(message) : null;
  return named?.[1] ?? null;
}

/** Whether the store ended a transaction so that another could go on, which Prisma's own reads call P2034. */
export function isDeadlock(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code === DEADLOCK;
  const cause = causeOf(error);
  return child(error, 'code') === 'P2034' || [child(cause, 'originalCode'), child(cause, 'code')].includes(DEADLOCK);
}

/** What @prisma/adapter-pg made of PostgreSQL's error, in one of Prisma's. */
function causeOf(error: unknown): unknown {
  return child(child(child(error, 'meta'), 'driverAdapterError'), 'cause');
}

/** Awaits a write and turns the violation of one of these indexes into the caller's error. */
export async function refusing<T>(
  write: Promise<T>,
  refusals: Record<string, () => PlatformError | Overtaken>,
): Promise<T> {
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
