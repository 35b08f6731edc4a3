// Ids as the product has them: of databases and plans 24 hexadecimal digits (seconds, and a number of ours), of all else two letters
// and a UUID. Nothing is kept for them: each is read back.
import { idOfUuid, uuidOf } from '@berth/core';
import { wholeNumberOf } from '../../http/whole-number';

/** Of a database or a plan: when it was made, in seconds, and its number. */
export function objectIdOf({ created_at, number }: { created_at: Date; number: number }): string {
  return `${hex(Math.floor(created_at.getTime() / 1_000), 8)}${hex(number, 16)}`;
}

/** The number in such an id, which may be another's: hold the id against that thing's own. Null for any other text. */
export function numberInObjectId(text: string): number | null {
  return /^[0-9a-f]{8}0{8}[0-9a-f]{8}$/.test(text) ? wholeNumberOf(String(Number.parseInt(text.slice(16), 16))) : null;
}

export function projectIdOf(project: { id: string }): string {
  return `pr-${uuidOf(project.id)}`;
}

/** Of the one addon of a database. */
export function addonIdOf(database: { id: string }): string {
  return `ad-${uuidOf(database.id)}`;
}

/** Our id of the database that this is the addon of; null for any other text. */
export function databaseInAddonId(text: string): string | null {
  return /^ad-/i.test(text) ? idOfUuid('database', text.slice(3)) : null;
}

export function userIdOf(access: { id: string }): string {
  return `us-${uuidOf(access.id)}`;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
