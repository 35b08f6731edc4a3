// Whose a database or role is. Only what bears our marker is ours; everything else is left alone by every deed.
import { PlatformError, ROLES, type Role } from '@berth/core';
import type { DatabaseRef, LoginRef, Ownership } from '../contract';
import type { Admin } from './admin';
import { groupNameOf, markerOf } from './names';

export interface RoleFacts {
  ownership: Ownership;
  oid: number | null;
}

export interface DatabaseRow {
  ownership: Ownership;
  oid: number | null;
  /** -2 marks a database whose drop was interrupted: nobody can enter it, it can only be dropped. */
  connectionLimit: number;
  /** False for a database whose making was interrupted: nobody has ever been inside. */
  isOpen: boolean;
}

/** Looks at a role by name; `id` decides whether it is ours. Compared as text: a `name` would be cut to 63 bytes. */
export async function observeRole(admin: Admin, name: string, id: string): Promise<RoleFacts> {
  const [row] = await admin.main.query<{ oid: number; marker: string | null }>(
    `SELECT oid, shobj_description(oid, 'pg_authid') AS marker FROM pg_roles WHERE rolname::text = $1`,
    [name],
  );
  if (!row) return { ownership: 'free', oid: null };
  return { ownership: row.marker === markerOf(id) ? 'ours' : 'foreign', oid: row.oid };
}

/** Looks at the groups of a database, all at once; the writers' and the readers' are made when first needed. */
export async function observeGroups(admin: Admin, database: DatabaseRef): Promise<Record<Role, RoleFacts>> {
  const names = ROLES.map((role) => groupNameOf(database, role));
  const rows = await admin.main.query<{ name: string; oid: number; marker: string | null }>(
    `SELECT rolname::text AS name, oid, shobj_description(oid, 'pg_authid') AS marker
       FROM pg_roles WHERE rolname::text = ANY($1)`,
    [names],
  );
  const factsOf = (role: Role): RoleFacts => {
    const row = rows.find(({ name }) => name === groupNameOf(database, role));
    if (!row) return { ownership: 'free', oid: null };
    return { ownership: row.marker === markerOf(database.id) ? 'ours' : 'foreign', oid: row.oid };
  };
  return { owner: factsOf('owner'), readwrite: factsOf('readwrite'), readonly: factsOf('readonly') };
}

/** Looks at a login. */
export function observeLoginRole(admin: Admin, login: LoginRef): Promise<RoleFacts> {
  return observeRole(admin, login.name, login.id);
}

/**
 * Looks at a database. CREATE DATABASE cannot share a transaction with COMMENT, so it is made with our marked group role
 * as its first owner: without a comment, that ownership is the marker.
 */
export async function observeDatabaseRow(admin: Admin, database: DatabaseRef): Promise<DatabaseRow> {
  const [row] = await admin.main.query<
    Omit<DatabaseRow, 'ownership'> & { marker: string | null; is_half_made: boolean }
  >(
    `SELECT d.oid, d.datconnlimit AS "connectionLimit", d.datallowconn AS "isOpen",
            shobj_description(d.oid, 'pg_database') AS marker,
            r.rolname = $2 AND shobj_description(r.oid, 'pg_authid') IS NOT DISTINCT FROM $3 AS is_half_made
       FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname::text = $1`,
    [database.name, groupNameOf(database), markerOf(database.id)],
  );
  if (!row) return { ownership: 'free', oid: null, connectionLimit: 0, isOpen: false };
  const { oid, connectionLimit, isOpen, marker, is_half_made: isHalfMade } = row;
  const isOurs = marker === markerOf(database.id) || (marker === null && isHalfMade);
  return { ownership: isOurs ? 'ours' : 'foreign', oid, connectionLimit, isOpen };
}

/** Throws `taken_on_server` unless the name is free or ours. */
export function refuseForeign(ownership: Ownership, what: string): void {
  if (ownership === 'foreign')
    throw new PlatformError('taken_on_server', `${what} exists on the server and is not Berth's`);
}

/** Throws unless the thing is there and ours: `engine_refused` when it is not there, `taken_on_server` when foreign. */
export function demandOurs(ownership: Ownership, what: string): void {
  refuseForeign(ownership, what);
  if (ownership === 'free') throw new PlatformError('engine_refused', `${what} does not exist on the server`);
}
