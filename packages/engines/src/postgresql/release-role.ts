// Drops a role. The server refuses while the role owns or may do anything in any database, and the list of that
// (pg_shdepend) can only be cleared from inside each one.
import { codeOf, PlatformError } from '@berth/core';
import type { DatabaseRef } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { onBehalfOf } from './membership';
import { ADMIN_DATABASE, groupNameOf, markerOf, ORPHANS, SYSTEM_DATABASES } from './names';
import { observeRole, refuseForeign } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { visit } from './visit';

/** How long a session may take to end. */
const EXIT_MS_MAX = 1_000;
/** Whoever grants again and again is kept out from the second try on; each try may find another database of theirs. */
const TRIES_MAX = 6;

/**
 * Gives what the role owns to each database's owner, takes its grants away, drops it. Returns the databases visited. Any
 * tenant may grant something of its own to any role, which keeps that role from being dropped: databases in which that is
 * done while we are at it are shut for as long as it takes. Throws `server_busy` when even that did not help.
 */
export async function releaseRole(admin: Admin, role: Named): Promise<string[]> {
  const visited = new Set<string>();
  const gate = openGate(admin);
  try {
    for (let tries = 1; ; tries++) {
      const places = await listPlaces(admin, role.oid);
      for (const { database } of places) visited.add(database);
      if (tries > 1) await gate.shut(places);
      try {
        for (const place of places) await clearPlace(admin, place, role);
        await insist(admin, [`DROP ROLE IF EXISTS ${quoteIdentifier(role.name)}`]);
        return [...visited];
      } catch (error) {
        if (codeOf(error) !== 'server_busy' || tries === TRIES_MAX) throw error;
      }
    }
  } finally {
    await gate.open();
  }
}

interface Named {
  name: string;
  oid: number;
}

/** What a login made in a template that is open to all is nobody's data, and would pile up there: it goes. */
async function clearPlace(admin: Admin, place: Place, role: Named): Promise<void> {
  const isTemplate = SYSTEM_DATABASES.includes(place.database) && place.database !== ADMIN_DATABASE;
  if (isTemplate && place.canEnter) await unlinkLargeObjects(admin, place.database, role);
  const heir = place.owns && !isTemplate ? await heirIn(admin, place, role.oid) : null;
  await clear(admin, place, role.name, heir);
}

/** A worker killed while databases are shut leaves them so, until they are next ensured. */
function openGate(admin: Admin) {
  const limits = new Map<string, number>();
  const limitTo = (database: string, limit: number) =>
    insist(admin, [`ALTER DATABASE ${quoteIdentifier(database)} CONNECTION LIMIT ${limit}`]);
  return {
    async shut(places: Place[]): Promise<void> {
      for (const { database, connectionsMax } of places) {
        if (database === ADMIN_DATABASE) continue; // no tenant gets in
        if (!limits.has(database)) limits.set(database, connectionsMax);
        await limitTo(database, 0).catch(unlessNotOurs);
        await admin.main.query(
          `SELECT pg_terminate_backend(a.pid, ${EXIT_MS_MAX}) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
            WHERE a.datname::text = $1 AND r.rolname <> current_user AND NOT r.rolsuper`,
          [database],
        );
      }
    },
    async open(): Promise<void> {
      const opened = [...limits].map(
        ([database, limit]) =>
          () =>
            limitTo(database, limit).catch(unlessNotOurs),
      );
      await eachInTurn(opened);
    },
  };
}

/** An admin that is no superuser cannot shut what it does not own: then its tries are all there is. */
function unlessNotOurs(error: unknown): void {
  if (codeOf(error) !== 'admin_refused') throw error;
}

/** One that fails does not keep the next from being done. Throws the first failure. */
async function eachInTurn(deeds: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const deed of deeds) await deed().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/**
 * Gives what a login owns in this database to the owners' group, and takes away what it was given there by name. Returns
 * whether there was anything. Grants on shared things, such as other databases, go too if an operator made any by hand.
 */
export async function releaseInside(admin: Admin, database: DatabaseRef, login: string, oid: number): Promise<boolean> {
  const found = await admin.main.query(
    `SELECT 1 FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = $1
        AND dbid = (SELECT oid FROM pg_database WHERE datname::text = $2) LIMIT 1`,
    [oid, database.name],
  );
  if (found.length === 0) return false;
  const statements = releaseStatements(admin, login, groupNameOf(database));
  await visit(admin, database.name, (inside) => insist(admin, statements, inside));
  return true;
}

interface Place {
  database: string;
  marker: string | null;
  owner: string;
  /** A superuser must not come to own what a tenant wrote: its functions and triggers would then run as superuser. */
  ownerIsSuperuser: boolean;
  owns: boolean;
  canEnter: boolean;
  /** -1: as many as the server has. */
  connectionsMax: number;
}

/** Shared things (grants on databases) stand under dbid 0 and are cleared from `postgres`. */
function listPlaces(admin: Admin, oid: number): Promise<Place[]> {
  return admin.main.query<Place>(
    `SELECT d.datname AS database, shobj_description(d.oid, 'pg_database') AS marker, r.rolname AS owner,
            r.rolsuper AS "ownerIsSuperuser", bool_or(s.deptype = 'o') AS owns,
            d.datallowconn AND d.datconnlimit > -2 AS "canEnter", d.datconnlimit AS "connectionsMax"
       FROM pg_shdepend s
       JOIN pg_database d ON CASE WHEN s.dbid = 0 THEN d.datname = $2 ELSE d.oid = s.dbid END
       JOIN pg_roles r ON r.oid = d.datdba
      WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1
      GROUP BY 1, 2, 3, 4, 6, 7`,
    [oid, ADMIN_DATABASE],
  );
}

/** The database's group role if it is one of ours; else its owner, unless that is a superuser or the role itself. */
async function heirIn(admin: Admin, place: Place, oid: number): Promise<string> {
  const id = place.marker?.startsWith(markerOf('')) ? place.marker.slice(markerOf('').length) : null;
  if (id !== null) {
    const group = groupNameOf({ id, name: place.database });
    const found = await observeRole(admin, group, id);
    if (found.ownership === 'ours' && found.oid !== oid) return group;
  }
  const owner = await observeRole(admin, place.owner, '');
  const isOutOfReach = !admin.isSuperuser && place.owner !== admin.server.username;
  return place.ownerIsSuperuser || isOutOfReach || owner.oid === oid ? ensureOrphans(admin) : place.owner;
}

/** As many as one transaction has locks for, and then some: DROP OWNED wants a lock on each. */
const LARGE_OBJECTS_AT_ONCE = 1_000;

async function unlinkLargeObjects(admin: Admin, database: string, role: Named): Promise<void> {
  const batch = `FROM (SELECT oid FROM pg_largeobject_metadata WHERE lomowner = ${role.oid} LIMIT ${LARGE_OBJECTS_AT_ONCE}) batch`;
  await visit(admin, database, async (inside) => {
    for (;;) {
      const [found] = await inside.query<{ count: number }>(`SELECT count(*)::int AS count ${batch}`);
      if (found === undefined || found.count < LARGE_OBJECTS_AT_ONCE) return;
      await insist(admin, onBehalfOf(admin, [role.name], [`SELECT lo_unlink(oid) ${batch}`]), inside);
    }
  });
}

/** A role without login or rights that keeps what would otherwise fall to a superuser. */
async function ensureOrphans(admin: Admin): Promise<string> {
  const { ownership } = await observeRole(admin, ORPHANS, 'orphans');
  refuseForeign(ownership, `The role "${ORPHANS}"`);
  if (ownership === 'free') {
    await insist(admin, [
      `CREATE ROLE ${ORPHANS} NOLOGIN`,
      `COMMENT ON ROLE ${ORPHANS} IS ${quoteLiteral(markerOf('orphans'))}`,
    ]);
  }
  return ORPHANS;
}

async function clear(admin: Admin, place: Place, role: string, heir: string | null): Promise<void> {
  if (!place.canEnter) {
    throw new PlatformError('engine_refused', `"${role}" has a part in "${place.database}", which nobody may enter`);
  }
  const statements = releaseStatements(admin, role, heir);
  if (place.database === ADMIN_DATABASE) await insist(admin, statements);
  else await visit(admin, place.database, (inside) => insist(admin, statements, inside));
}

/** DROP OWNED takes default privileges as well, which are not handed over. */
function releaseStatements(admin: Admin, role: string, heir: string | null): string[] {
  const name = quoteIdentifier(role);
  const reassign = heir ? [`REASSIGN OWNED BY ${name} TO ${quoteIdentifier(heir)}`] : [];
  // of its own groups the admin is a member already
  const meanwhile = heir === ORPHANS ? [role, ORPHANS] : [role];
  return onBehalfOf(admin, meanwhile, [...reassign, `DROP OWNED BY ${name}`]);
}
