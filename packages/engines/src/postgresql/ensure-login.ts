// Makes logins and sets passwords. The server hears verifiers only, and is asked not to log the statement if it fails.
import type { Secret } from '@berth/core';
import type { LimitEvidence, LoginEvidence, LoginRef, LoginSpec, PasswordEvidence } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { markerOf } from './names';
import { demandOurs, observeLoginRole, refuseForeign } from './ownership';
import { quoteIdentifier, quoteLiteral } from './quote';
import { scramVerifier } from './scram';

const ATTRIBUTES = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT';

/** Makes the login, or sets its password and unlocks it. Safe to repeat. Throws `taken_on_server` when foreign. */
export async function ensureLogin(admin: Admin, login: LoginSpec, password: Secret): Promise<LoginEvidence> {
  const { ownership, oid } = await observeLoginRole(admin, login);
  refuseForeign(ownership, `The login "${login.name}"`);
  const name = quoteIdentifier(login.name);
  const verifier = quoteLiteral(await scramVerifier(password));
  const limit = login.connectionsMax === undefined ? '' : limitOf(login.connectionsMax);
  await keepUnlogged(admin);
  if (oid !== null) {
    await insist(admin, [`ALTER ROLE ${name} LOGIN ${limit} PASSWORD ${verifier}`]);
    return { login: login.name, made: false };
  }
  await insist(admin, [
    `CREATE ROLE ${name} LOGIN ${ATTRIBUTES} ${limit} PASSWORD ${verifier}`,
    `COMMENT ON ROLE ${name} IS ${quoteLiteral(markerOf(login.id))}`,
  ]);
  return { login: login.name, made: true };
}

/** Sets the password of a login that exists; a locked one stays locked, grants stay. */
export async function ensurePassword(admin: Admin, login: LoginRef, password: Secret): Promise<PasswordEvidence> {
  const { ownership } = await observeLoginRole(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  const verifier = quoteLiteral(await scramVerifier(password));
  await keepUnlogged(admin);
  await insist(admin, [`ALTER ROLE ${quoteIdentifier(login.name)} PASSWORD ${verifier}`]);
  return { login: login.name };
}

/** Lets the login have this many connections, in all its databases together; what is open stays open. */
export async function ensureLoginLimit(admin: Admin, login: LoginRef, connectionsMax: number): Promise<LimitEvidence> {
  const { ownership } = await observeLoginRole(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  await insist(admin, [`ALTER ROLE ${quoteIdentifier(login.name)} ${limitOf(connectionsMax)}`]);
  return { login: login.name, connections_max: Math.trunc(connectionsMax) };
}

function limitOf(connectionsMax: number): string {
  return `CONNECTION LIMIT ${Math.trunc(connectionsMax)}`;
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
