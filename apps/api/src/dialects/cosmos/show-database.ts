// A database as the product shows it. The resource has no state: one that is being made looks like any other.
import type { Database } from '@berth/store';
import { resourceIdOf } from './resource-id';

type Shown = Pick<Database, 'created_at' | 'name' | 'number'>;

/** With its system properties, in the product's order. */
export function showDatabase(database: Shown) {
  const rid = resourceIdOf(database.number);
  return {
    id: database.name,
    _rid: rid,
    _ts: secondsOf(database),
    _self: `dbs/${rid}/`,
    _etag: etagOf(database),
    _colls: 'colls/',
    _users: 'users/',
  };
}

/** With the quotes that are part of it. Nothing that the product shows of a database ever changes, and so neither does this. */
export function etagOf(database: Shown): string {
  return `"${hex(database.number)}-0000-0000-0000-${hex(secondsOf(database))}0000"`;
}

function secondsOf({ created_at }: Shown): number {
  return Math.floor(created_at.getTime() / 1_000);
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}
