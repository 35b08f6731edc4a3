// The parts that every kind with a new login shares: make it, and see that it works.
import type { Role, Secret } from '@berth/core';
import type { DatabaseRef, EngineSession, GrantEvidence, LoginEvidence, LoginSpec } from '@berth/engines/contract';

/** How many logins one action lets into a database, or databases it lets a login into: each is proven, one after the other. */
export const LET_IN_MAX = 20;

/** The login with its password, its limit and its grant. Safe to repeat. */
export async function makeLogin(
  session: EngineSession,
  database: DatabaseRef,
  login: LoginSpec,
  password: Secret,
  role: Role,
): Promise<LoginEvidence & GrantEvidence> {
  const made = await session.ensureLogin(login, password);
  const granted = await session.ensureGrant(database, login, role);
  return { ...made, ...granted };
}
