// What Berth calls its own things on a PostgreSQL server, and how it marks them. Deterministic: made of name and id only.
import { createHash } from 'node:crypto';
import { idTail, ROLES, type Role } from '@berth/core';
import type { DatabaseRef } from '../contract';

/** The permanent neighbour that every new login must fail on. */
export const CANARY = 'berth_canary';
/** Owns what deleted logins left in databases whose owner is a superuser; see release-role.ts. */
export const ORPHANS = 'berth_orphans';
/** Where admin sessions live, and with them the locks (advisory locks are per database). */
export const ADMIN_DATABASE = 'postgres';
/** The server's own databases: PostgreSQL opens them to everybody, but for template0, which refuses connections as it comes. */
export const SYSTEM_DATABASES = [ADMIN_DATABASE, 'template1', 'template0'];

const GROUP_PREFIX_BYTES_MAX = 48;

/** The comment that says a role or database is ours. Tenants cannot write it: that takes CREATEROLE or ownership. */
export function markerOf(id: string): string {
  return `berth:${id}`;
}

/** The id that a comment bears; null where it is no marker of ours. */
export function idOfMarker(comment: string | null): string | null {
  return /^berth:([a-z]+_[0-9a-z]+)$/.exec(comment ?? '')?.[1] ?? null;
}

const GROUP_SUFFIXES: Record<Role, string> = { owner: 'owner', readwrite: 'writer', readonly: 'reader' };

/**
 * The role that the logins of a database are members of, at most 61 bytes: `shop_x7k2p_owner` owns its contents and is
 * acted as; `…_writer` and `…_reader` may only write or read them.
 */
export function groupNameOf(database: DatabaseRef, role: Role = 'owner'): string {
  return `${cutBytes(database.name, GROUP_PREFIX_BYTES_MAX)}_${idTail(database.id)}_${GROUP_SUFFIXES[role]}`;
}

/** The name by which sessions of one holder of a lock are found again; fits application_name (63 bytes, ASCII). */
export function applicationNameOf(lockKey: string): string {
  return `berth ${digest(lockKey).toString('hex').slice(0, 32)}`;
}

/** The number of an advisory lock for a key of any length, as text because it needs all 64 bits. */
export function lockNumberOf(lockKey: string): string {
  return digest(lockKey).readBigInt64BE(0).toString();
}

/** Whose members the group of this name has; null for what is no group's name. */
export function roleOfGroup(name: string): Role | null {
  return ROLES.find((role) => name.endsWith(`_${GROUP_SUFFIXES[role]}`)) ?? null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(`berth:${text}`).digest();
}

/** The longest start of `text` of at most `bytesMax` bytes that does not cut a character in two. */
function cutBytes(text: string, bytesMax: number): string {
  let cut = '';
  for (const character of text) {
    if (Buffer.byteLength(cut + character) > bytesMax) break;
    cut += character;
  }
  return cut;
}
