// Sessions: what somebody opens with a login and a password, to be known by afterwards. They may what the login may at that
// moment, and end with it.
import { newId, PlatformError, type Secret } from '@berth/core';
import { hashToken, makeSessionSecret } from '@berth/secrets';
import type { Access, AccessFields } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { audited, existing } from './audited';
import { showAccess } from './show';

/** Of one login: a browser here, one there, a program that forgot to keep its session. */
const SESSIONS_MAX = 100;

/** A session, and its secret, of which only a hash is kept. */
export interface OpenedByLogin {
  session: Access;
  secret: Secret;
}

/**
 * Opens a session of this login, whose password was proven a moment ago; of more than a hundred the one ends that was used least
 * lately. Throws `unauthenticated` when the login was revoked or got another password meanwhile. Not safe to repeat: each is
 * another one.
 */
export async function openSession(context: Context, login: Caller): Promise<OpenedByLogin> {
  const secret = makeSessionSecret();
  const id = newId('access');
  const { id: parentId, person, team_id: teamId } = login;
  const { session } = await audited(context, login, 'session_create', async (tx) => {
    await tx.teams.hold(teamId);
    await tx.accesses.lock(parentId);
    const now = await tx.accesses.findLiving(parentId, 'basic');
    if (now === null || now.secret_hash !== login.secret_hash) {
      throw new PlatformError('unauthenticated', 'This login was revoked, or got another password, a moment ago.');
    }
    await tx.accesses.endOldSessions(parentId, SESSIONS_MAX - 1);
    const opened = { id, teamId, person, kind: 'session', secretHash: hashToken(secret), parentId } as const;
    const session = await tx.accesses.insert(opened, { ...NOTHING_OF_ITS_OWN, name: `session of ${login.login}` });
    const after = showAccess(existing('access', id, await tx.accesses.findView(id)));
    return { session, teamId, subjectId: id, before: null, after };
  });
  return { session, secret };
}

/** Its rights, limits and defaults are those of its login. */
const NOTHING_OF_ITS_OWN: Omit<AccessFields, 'name'> = {
  scopes: [],
  limit_project_id: null,
  limit_environment_id: null,
  default_engine: null,
  default_plan_id: null,
  default_environment_id: null,
  default_project_id: null,
  default_pool_id: null,
  sees_quarantine: false,
  expires_at: null,
};
