// Keyset pages: newest first by `number`, which never changes. A cursor is that number, written so that nobody counts
// on its form.
import { PlatformError } from '@berth/core';

export interface PageRequest {
  cursor: string | null;
  limit: number;
}

export interface Page<T> {
  data: T[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/** A page by its place, for dialects that count pages. `total` counts all that match. */
export interface Placed<T> {
  data: T[];
  total: number;
}

interface Window {
  where: { number?: { lt: number } };
  take: number;
}

/** Reads one row more than asked for, to know whether there is a next page. Throws `invalid_cursor`. */
export async function page<T extends { number: number }>(
  { cursor, limit }: PageRequest,
  read: (window: Window) => Promise<T[]>,
): Promise<Page<T>> {
  const where = cursor === null ? {} : { number: { lt: numberOf(cursor) } };
  const rows = await read({ where, take: limit + 1 });
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last.number) : null };
}

const NUMBER_MAX = 2_147_483_647; // PostgreSQL's integer

function cursorOf(number: number): string {
  return Buffer.from(`n${number}`).toString('base64url');
}

function numberOf(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const number = Number(/^n([1-9]\d{0,9})$/.exec(text)?.[1]);
  if (!(number <= NUMBER_MAX) || cursorOf(number) !== cursor) {
    throw new PlatformError('invalid_cursor', 'Take `cursor` from `next_cursor` of the page before, as it stands.');
  }
  return number;
}
