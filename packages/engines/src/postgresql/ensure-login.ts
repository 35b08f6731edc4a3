// Makes logins and sets passwords. The server hears verifiers only, and is asked not to log the statement if it fails.
import { PlatformError, type Role, type Secret } from '@berth/core';
import type { DatabaseRef, Evidence, LoginRef } from '../contract';
import { type Admin, VERSION_WITH_GRANT_OPTIONS } from './admin';
import { insist } from './insist';
import { groupNameOf, markerOf } from './names';
import { demandOurs, observeDatabaseRow, observeGroup, observeLoginRole, refuseForeign } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { scramVerifier } from './scram';

const ATTRIBUTES = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT';

/** Makes the login, or sets its password and unlocks it. Safe to repeat. Throws `taken_on_server` when foreign. */
export async function ensureLogin(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  const { ownership, oid } = await observeLoginRole(admin, login);
  refuseForeign(ownership, `The login "${login.name}"`);
  const name = quoteIdentifier(login.name);
  const verifier = quoteLiteral(await scramVerifier(password));
  await keepUnlogged(admin);
  if (oid !== null) {
    await insist(admin, { login: oid }, [`ALTER ROLE ${name} LOGIN PASSWORD ${verifier}`]);
    return { login: login.name, made: false };
  }
  await admin.main.atomically([
    `CREATE ROLE ${name} LOGIN ${ATTRIBUTES} PASSWORD ${verifier}`,
    `COMMENT ON ROLE ${name} IS ${quoteLiteral(markerOf(login.id))}`,
  ]);
  return { login: login.name, made: true };
}

/** Sets the password of a login that exists; a locked one stays locked, grants stay. */
export async function ensurePassword(admin: Admin, login: LoginRef, password: Secret): Promise<Evidence> {
  const { ownership, oid } = await observeLoginRole(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  const verifier = quoteLiteral(await scramVerifier(password));
  await keepUnlogged(admin);
  await insist(admin, { login: oid ?? 0 }, [`ALTER ROLE ${quoteIdentifier(login.name)} PASSWORD ${verifier}`]);
  return { login: login.name };
}

/** Makes the login a member of the database's group, and acting as it there, so that what it makes is the group's. */
export async function ensureGrant(admin: Admin, database: DatabaseRef, login: LoginRef, role: Role): Promise<Evidence> {
  if (role !== 'owner') throw new PlatformError('not_built', `Logins with the role ${role} are not built yet`);
  demandOurs((await observeDatabaseRow(admin, database)).ownership, `The database "${database.name}"`);
  demandOurs((await observeGroup(admin, database)).ownership, `The role "${groupNameOf(database)}"`);
  demandOurs((await observeLoginRole(admin, login)).ownership, `The login "${login.name}"`);
  const group = groupNameOf(database);
  const options = admin.version >= VERSION_WITH_GRANT_OPTIONS ? 'WITH INHERIT TRUE, SET TRUE, ADMIN FALSE' : '';
  const name = quoteIdentifier(login.name);
  await admin.main.atomically([
    `GRANT ${quoteIdentifier(group)} TO ${name} ${options}`,
    `ALTER ROLE ${name} IN DATABASE ${quoteIdentifier(database.name)} SET role = ${quoteLiteral(group)}`,
  ]);
  return { database: database.name, login: login.name, role, group };
}

/**
 * Keeps the text of failing statements, verifier included, out of the server's log where this admin may ask for that;
 * the error itself is still logged. A message of its own, for a syntax error is logged before anything in it has run. It
 * stays so for the session, which is ours and short.
 */
async function keepUnlogged(admin: Admin): Promise<void> {
  await admin.main.query(
    `SELECT set_config('log_min_error_statement', 'panic', false)
      WHERE has_parameter_privilege('log_min_error_statement', 'SET')`,
  );
}
