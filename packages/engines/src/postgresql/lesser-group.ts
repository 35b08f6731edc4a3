// The groups of writers and readers. Made when first needed, in one transaction with everything they may do, so that a
// group that is there is complete: afterwards what a table's owner takes from it stays taken.
import type { Role } from '@berth/core';
import type { DatabaseRef } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { listMembers, onBehalfOf } from './membership';
import { groupNameOf, markerOf } from './names';
import { type RoleFacts, refuseForeign } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { visit } from './visit';

export type LesserRole = Exclude<Role, 'owner'>;
export const LESSER_ROLES: readonly LesserRole[] = ['readwrite', 'readonly'];

/**
 * No TRUNCATE: it passes by triggers and row security and locks out readers. No TRIGGER, REFERENCES or MAINTAIN: those
 * act on other people's statements. SELECT on sequences, or pg_dump could not read their values.
 */
const PRIVILEGES: Record<Role, { TABLE: string; SEQUENCE: string; SCHEMA: string }> = {
  owner: { TABLE: 'ALL', SEQUENCE: 'ALL', SCHEMA: 'USAGE, CREATE' }, // of what others made, in a database that was adopted
  readwrite: { TABLE: 'SELECT, INSERT, UPDATE, DELETE', SEQUENCE: 'USAGE, SELECT, UPDATE', SCHEMA: 'USAGE' },
  readonly: { TABLE: 'SELECT', SEQUENCE: 'SELECT', SCHEMA: 'USAGE' },
};

/** PostgreSQL lets everybody make large objects, a reader too; only their owner, a superuser, can take that away. */
const LARGE_OBJECT_MAKERS = 'lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)';

/** Makes the group unless it is there. Throws `taken_on_server` when the name is foreign. */
export async function ensureLesserGroup(
  admin: Admin,
  database: DatabaseRef,
  role: LesserRole,
  groups: Record<Role, RoleFacts>,
): Promise<void> {
  const name = groupNameOf(database, role);
  refuseForeign(groups[role].ownership, `The role "${name}"`);
  if (groups[role].ownership === 'ours') return;
  const group = quoteIdentifier(name);
  const owner = groupNameOf(database);
  const logins = await listOwnLogins(admin, groups.owner);
  await visit(admin, database.name, (inside) =>
    insist(
      admin,
      [
        `CREATE ROLE ${group} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`,
        `COMMENT ON ROLE ${group} IS ${quoteLiteral(markerOf(database.id))}`,
        ...(admin.isSuperuser ? [keepLargeObjects(database, role)] : [`GRANT ${group} TO CURRENT_USER`]),
        ...onBehalfOf(admin, logins, [
          ...defaultPrivileges(database, [role], [owner, ...logins]),
          grantOnWhatIsThere(database, role, [owner, ...logins]),
        ]),
        `GRANT CONNECT ON DATABASE ${quoteIdentifier(database.name)} TO ${group}`,
      ],
      inside,
    ),
  );
}

/** What this login makes as itself is from now on for writers and readers too, as what its group makes. Safe to repeat. */
export async function coverCreator(admin: Admin, database: DatabaseRef, roles: LesserRole[], login: string) {
  if (roles.length === 0) return;
  const statements = onBehalfOf(admin, [login], defaultPrivileges(database, roles, [login]));
  await visit(admin, database.name, (inside) => insist(admin, statements, inside));
}

/** Members of the owners' group that Berth made: besides the group itself they alone can make anything. */
async function listOwnLogins(admin: Admin, group: RoleFacts): Promise<string[]> {
  const rows = await admin.main.query<{ name: string }>(
    `SELECT rolname::text AS name FROM pg_roles
      WHERE rolname = ANY($1) AND shobj_description(oid, 'pg_authid') LIKE $2 || '%' ORDER BY 1`,
    [await listMembers(admin, group.oid), markerOf('')],
  );
  return rows.map(({ name }) => name);
}

/** Without FOR ROLE they would hold for what the admin makes, which is nothing. */
export function defaultPrivileges(database: DatabaseRef, roles: readonly Role[], creators: string[]): string[] {
  const names = creators.map(quoteIdentifier).join(', ');
  return roles.flatMap((role) => {
    const { TABLE, SEQUENCE, SCHEMA } = PRIVILEGES[role];
    const group = quoteIdentifier(groupNameOf(database, role));
    return [
      [SCHEMA, 'SCHEMAS'],
      [TABLE, 'TABLES'],
      [SEQUENCE, 'SEQUENCES'],
    ].map(([rights, on]) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${names} GRANT ${rights} ON ${on} TO ${group}`);
  });
}

/** What the creators own by now, in every schema; what is dropped meanwhile is passed over. */
export function grantOnWhatIsThere(database: DatabaseRef, role: Role, creators: string[]): string {
  const { TABLE, SEQUENCE, SCHEMA } = PRIVILEGES[role];
  const group = quoteLiteral(groupNameOf(database, role));
  const body = `
    DECLARE
      creators oid[] := ARRAY(SELECT oid FROM pg_roles WHERE rolname IN (${creators.map(quoteLiteral).join(', ')}));
      thing record;
    BEGIN
      FOR thing IN
        SELECT '${SCHEMA} ON SCHEMA' AS rights, format('%I', nspname) AS name FROM pg_namespace
         WHERE nspowner = ANY(creators) AND nspname !~ '^pg_'
        UNION ALL
        SELECT CASE relkind WHEN 'S' THEN '${SEQUENCE} ON SEQUENCE' ELSE '${TABLE} ON TABLE' END,
               format('%I.%I', nspname, relname)
          FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relowner = ANY(creators) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname !~ '^pg_'
      LOOP
        BEGIN
          EXECUTE format('GRANT %s %s TO %I', thing.rights, thing.name, ${group});
        EXCEPTION WHEN undefined_table OR undefined_object OR invalid_schema_name THEN
          NULL;
        END;
      END LOOP;
    END`;
  return `DO ${quoteLiteral(body)}`;
}

/** Owners and writers may make large objects as before; everybody else of this database, readers, no more. */
function keepLargeObjects(database: DatabaseRef, role: LesserRole): string {
  const makers = role === 'readwrite' ? [groupNameOf(database), groupNameOf(database, role)] : [groupNameOf(database)];
  return [
    `GRANT EXECUTE ON FUNCTION ${LARGE_OBJECT_MAKERS} TO ${makers.map(quoteIdentifier).join(', ')}`,
    `REVOKE EXECUTE ON FUNCTION ${LARGE_OBJECT_MAKERS} FROM PUBLIC`,
  ].join(';\n');
}
