// The parts that every kind with a new login shares: make it, and see that it works.
import type { Secret } from '@berth/core';
import type { DatabaseRef, EngineSession, Evidence, LoginRef } from '@berth/engines/contract';

/** The login with its password and its grant. Safe to repeat. */
export async function makeLogin(
  session: EngineSession,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  const made = await session.ensureLogin(login, password);
  const granted = await session.ensureGrant(database, login, 'owner');
  return { ...made, ...granted };
}

/** Logs in as the tenant would and writes. Throws `login_check_failed`. */
export function proveLogin(
  session: EngineSession,
  database: DatabaseRef,
  login: LoginRef,
  password: Secret,
): Promise<Evidence> {
  return session.proveLogin(database, login, password, 'owner');
}
