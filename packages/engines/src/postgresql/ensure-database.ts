// Makes a database that nobody but its own logins can enter: at no moment is it open to PUBLIC.
import { PlatformError, type Role } from '@berth/core';
import type { DatabaseFacts, DatabaseRef, DatabaseSpec } from '../contract';
import type { Admin } from './admin';
import { CHARSET_COLUMNS, charsetClause, charsetRefusalOf, refuseUnknownIcu } from './charset';
import { insist } from './insist';
import { standingGroups } from './membership';
import { groupNameOf, markerOf } from './names';
import { observeDatabaseRow, observeGroups, refuseForeign } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { visit } from './visit';

/**
 * Makes the database and its group role, or puts right what is there: ways in, connection limit, schema public. Safe to
 * repeat at any point where an earlier run may have died. Throws `taken_on_server` when either name is foreign,
 * `charset_refused`.
 */
export async function ensureDatabase(admin: Admin, database: DatabaseSpec): Promise<DatabaseFacts> {
  quoteIdentifier(database.name); // throws for a name that cannot be, before its group role is made
  const row = await observeDatabaseRow(admin, database);
  const groups = await observeGroups(admin, database);
  refuseForeign(row.ownership, `The database "${database.name}"`);
  refuseForeign(groups.owner.ownership, `The role "${groupNameOf(database)}"`);
  if (row.connectionLimit === INVALID) {
    throw new PlatformError(
      'engine_refused',
      `The database "${database.name}" is half dropped and can only be dropped`,
    );
  }
  if (row.ownership === 'free') await refuseUnknownIcu(admin, database);
  if (groups.owner.ownership === 'free') await makeGroup(admin, database);
  if (row.ownership === 'free') await makeDatabase(admin, database);
  await openToGroups(admin, database, standingGroups(groups));
  await giveSchemaPublic(admin, database);
  return factsOf(admin, database);
}

/** datconnlimit of a database whose DROP was interrupted. */
const INVALID = -2;

/** The role and its marker come into being together. A non-superuser must be a member to hand a database to it. */
async function makeGroup(admin: Admin, database: DatabaseRef): Promise<void> {
  const group = quoteIdentifier(groupNameOf(database));
  await insist(admin, [
    `CREATE ROLE ${group} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`,
    `COMMENT ON ROLE ${group} IS ${quoteLiteral(markerOf(database.id))}`,
    ...(admin.isSuperuser ? [] : [`GRANT ${group} TO CURRENT_USER`]),
  ]);
}

/** Closed to everybody and owned by the group until `openToGroups`; template0, for template1 may have sessions. */
async function makeDatabase(admin: Admin, database: DatabaseSpec): Promise<void> {
  const owner = quoteIdentifier(groupNameOf(database));
  try {
    await insist(admin, [
      `CREATE DATABASE ${quoteIdentifier(database.name)} OWNER ${owner}
         TEMPLATE template0 ${charsetClause(database)} ALLOW_CONNECTIONS false`,
    ]);
  } catch (error) {
    const refusal = charsetRefusalOf(database, error);
    if (refusal === null) throw error;
    await insist(admin, [`DROP ROLE ${owner}`]);
    throw refusal;
  }
}

/** The owner changes before the grants, for a new owner inherits the grants of the old one. */
async function openToGroups(admin: Admin, database: DatabaseSpec, standing: Role[]): Promise<void> {
  const name = quoteIdentifier(database.name);
  const limit = Math.trunc(database.connectionsMax);
  await insist(admin, [
    `COMMENT ON DATABASE ${name} IS ${quoteLiteral(markerOf(database.id))}`,
    `ALTER DATABASE ${name} OWNER TO CURRENT_USER`,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${name} TO ${quoteIdentifier(groupNameOf(database))}`,
    ...standing
      .filter((role) => role !== 'owner')
      .map((role) => `GRANT CONNECT ON DATABASE ${name} TO ${quoteIdentifier(groupNameOf(database, role))}`),
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS true CONNECTION LIMIT ${limit}`,
  ]);
}

/** Once: what its owners then let others do there is theirs to say. They may drop it too; then there is nothing to give. */
async function giveSchemaPublic(admin: Admin, database: DatabaseRef): Promise<void> {
  const group = groupNameOf(database);
  await visit(admin, database.name, async (inside) => {
    const [found] = await inside.query<{ owner: string }>(
      `SELECT rolname::text AS owner FROM pg_namespace n JOIN pg_roles r ON r.oid = nspowner WHERE nspname = 'public'`,
    );
    if (found === undefined || found.owner === group) return;
    const statements = [
      `ALTER SCHEMA public OWNER TO ${quoteIdentifier(group)}`,
      'REVOKE ALL ON SCHEMA public FROM PUBLIC',
    ];
    await insist(admin, statements, inside);
  });
}

async function factsOf(admin: Admin, database: DatabaseRef): Promise<DatabaseFacts> {
  const [row] = await admin.main.query<{ charset: string; collation: string; size: string }>(
    `SELECT ${CHARSET_COLUMNS}, pg_database_size(oid)::text AS size
       FROM pg_database d WHERE datname = $1`,
    [database.name],
  );
  if (!row) throw new PlatformError('engine_refused', `The database "${database.name}" vanished while it was made`);
  return { charset: row.charset, collation: row.collation, sizeBytes: Number(row.size) };
}
