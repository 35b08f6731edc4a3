// Makes somebody else's database ours: the admin owns it and our groups are let in, as with one that Berth made. What PUBLIC could
// do there each login that is there by now can still do, by its own name; what the old owner could do to the contents it still can.
// One transaction: all of it or nothing.
import { PlatformError, ROLES } from '@berth/core';
import type { AdoptionEvidence, DatabaseSpec } from '../contract';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { insist } from './insist';
import { defaultPrivileges, grantOnWhatIsThere } from './lesser-group';
import { onBehalfOf, standingGroups } from './membership';
import { groupNameOf, markerOf } from './names';
import { IS_OUTSIDER, listOutsiders } from './outsiders';
import { observeDatabaseRow, observeGroups } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { releaseRole } from './release-role';
import { visit } from './visit';

/** As EngineSession.ensureAdopted promises. Groups that an earlier try left under another id are dropped. */
export async function ensureAdopted(admin: Admin, database: DatabaseSpec, former: string[]): Promise<AdoptionEvidence> {
  const row = await observeDatabaseRow(admin, database);
  if (row.ownership === 'free') throw new PlatformError('not_found', `The server has no database "${database.name}"`);
  if (row.ownership === 'ours') {
    const left = await listOutsiders(admin, database);
    return { database: database.name, adopted: false, left_as_they_are: left, details: {} };
  }
  const standing = await observeStanding(admin, database);
  if (!standing.isOpen) {
    throw new PlatformError('engine_refused', `The database "${database.name}" takes no connections`);
  }
  if (standing.marker?.startsWith(markerOf('')) && !former.map(markerOf).includes(standing.marker)) {
    throw new PlatformError('taken_on_server', `"${database.name}" bears the mark "${standing.marker}"`);
  }
  const inside = await visit(admin, database.name, async (connection) => {
    const contents = await observeContents(connection);
    await insist(admin, statementsOf(admin, database, standing, contents), connection);
    return contents;
  });
  await dropFormerGroups(admin, database, former);
  const { isTemplate, marker, owner } = standing;
  const before = { owner_before: owner.name, comment_before: marker, template_before: isTemplate };
  return {
    database: database.name,
    adopted: true,
    left_as_they_are: await listOutsiders(admin, database),
    details: { ...before, owners_inside: inside.owners },
  };
}

interface Standing {
  isOpen: boolean;
  /** Whoever may make databases may copy it, and nobody can drop it. */
  isTemplate: boolean;
  marker: string | null;
  owner: { name: string; isSuperuser: boolean; isAdmin: boolean };
  /** What everybody may do: CONNECT, TEMPORARY. */
  everybody: string[];
  /** Logins that are neither ours nor superusers. */
  logins: string[];
}

interface StandingRow extends Omit<Standing, 'owner' | 'logins'> {
  owner: string;
  isSuperuser: boolean;
  isAdmin: boolean;
}

async function observeStanding({ main }: Admin, { name }: DatabaseSpec): Promise<Standing> {
  const [row] = await main.query<StandingRow>(
    `SELECT datallowconn AND datconnlimit <> -2 AS "isOpen", datistemplate AS "isTemplate", shobj_description(d.oid, 'pg_database') AS marker,
            r.rolname AS owner, r.rolsuper AS "isSuperuser", r.rolname = current_user AS "isAdmin",
            ARRAY(SELECT privilege_type FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0) AS everybody
       FROM pg_database d JOIN pg_roles r ON r.oid = datdba WHERE datname::text = $1`,
    [name],
  );
  if (!row) throw new PlatformError('not_found', `The server has no database "${name}"`);
  const logins = await main.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles r WHERE ${IS_OUTSIDER} ORDER BY 1`,
  );
  const { owner, isSuperuser, isAdmin, ...rest } = row;
  return { ...rest, owner: { name: owner, isSuperuser, isAdmin }, logins: logins.map((login) => login.name) };
}

interface Contents {
  /** Of schemas and what is in them, without the server's own. */
  owners: string[];
  /** What everybody may do in schema public: USAGE, before 15 CREATE too; null where there is none. */
  everybodyInPublic: string[] | null;
}

async function observeContents(inside: Connection): Promise<Contents> {
  const owners = await inside.query<{ name: string }>(
    `SELECT DISTINCT r.rolname AS name FROM pg_roles r JOIN (
         SELECT relowner AS owner FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
          WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
         UNION SELECT nspowner FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
       ) owned ON owned.owner = r.oid
      WHERE r.rolname !~ '^pg_' AND coalesce(shobj_description(r.oid, 'pg_authid'), '') NOT LIKE 'berth:db%' ORDER BY 1`,
  );
  const [row] = await inside.query<{ everybody: string[] }>(
    `SELECT ARRAY(SELECT privilege_type FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE grantee = 0)
            AS everybody FROM pg_namespace WHERE nspname = 'public'`,
  );
  return { owners: owners.map(({ name }) => name), everybodyInPublic: row?.everybody ?? null };
}

/** Others' rights are given by name before everybody's are taken. */
function statementsOf(admin: Admin, database: DatabaseSpec, standing: Standing, contents: Contents): string[] {
  const { owner, logins } = standing;
  const group = groupNameOf(database);
  const name = quoteIdentifier(database.name);
  const formerOwner = owner.isAdmin || owner.isSuperuser ? null : owner.name;
  const creators = [...new Set([...contents.owners, ...(formerOwner === null ? [] : [formerOwner])])];
  const others = logins.map(quoteIdentifier).join(', ');
  const give: Give = (rights, on) =>
    rights.length === 0 || others === '' ? [] : [`GRANT ${rights.join(', ')} ON ${on} TO ${others}`];
  const own =
    formerOwner === null
      ? []
      : [`GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${name} TO ${quoteIdentifier(formerOwner)}`];
  return [
    ...ROLES.flatMap((role) => makeGroup(admin, groupNameOf(database, role), database.id)),
    ...onBehalfOf(admin, notAdmin(admin, creators), [
      `COMMENT ON DATABASE ${name} IS ${quoteLiteral(markerOf(database.id))}`,
      ...give(standing.everybody, `DATABASE ${name}`),
      `ALTER DATABASE ${name} OWNER TO CURRENT_USER`,
      ...own,
      `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
      `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${name} TO ${quoteIdentifier(group)}`,
      ...ROLES.map((role) => `GRANT CONNECT ON DATABASE ${name} TO ${quoteIdentifier(groupNameOf(database, role))}`),
      ...(standing.isTemplate ? [`ALTER DATABASE ${name} IS_TEMPLATE false`] : []),
      `ALTER DATABASE ${name} CONNECTION LIMIT ${Math.trunc(database.connectionsMax)}`,
      ...publicSchema(contents, group, formerOwner, give),
      ...defaultPrivileges(database, ['readwrite', 'readonly'], [group, ...creators]),
      ...(creators.length > 0 ? defaultPrivileges(database, ['owner'], creators) : []),
      ...ROLES.map((role) => grantOnWhatIsThere(database, role, [group, ...creators])),
    ]),
  ];
}

/** Of a right that everybody had, to each login that is there. */
type Give = (rights: string[], on: string) => string[];

/** Who owned the database had schema public: it makes and lets others make there as before. */
function publicSchema({ everybodyInPublic }: Contents, group: string, owner: string | null, give: Give): string[] {
  if (everybodyInPublic === null) return [];
  return [
    `ALTER SCHEMA public OWNER TO ${quoteIdentifier(group)}`,
    ...give(everybodyInPublic, 'SCHEMA public'),
    ...(owner === null ? [] : [`GRANT USAGE, CREATE ON SCHEMA public TO ${quoteIdentifier(owner)} WITH GRANT OPTION`]),
    'REVOKE ALL ON SCHEMA public FROM PUBLIC',
  ];
}

function makeGroup(admin: Admin, name: string, id: string): string[] {
  const group = quoteIdentifier(name);
  return [
    `CREATE ROLE ${group} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`,
    `COMMENT ON ROLE ${group} IS ${quoteLiteral(markerOf(id))}`,
    ...(admin.isSuperuser ? [] : [`GRANT ${group} TO CURRENT_USER`]),
  ];
}

function notAdmin({ server }: Admin, names: string[]): string[] {
  return names.filter((name) => name !== server.username);
}

async function dropFormerGroups(admin: Admin, database: DatabaseSpec, former: string[]): Promise<void> {
  for (const id of former) {
    const before = { ...database, id };
    const groups = await observeGroups(admin, before);
    for (const role of standingGroups(groups)) {
      await releaseRole(admin, { name: groupNameOf(before, role), oid: groups[role].oid ?? 0 });
    }
  }
}
