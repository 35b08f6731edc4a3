// Drops a login: lock, end what it does, drop. It owns nothing: what it wrote is its database's.
import type { LoginRef, LoginRemovalEvidence } from '../contract';
import { type Admin, MAJORITY, runUnless } from './admin';
import { endSessions } from './end-sessions';
import { USER_NOT_FOUND } from './errors';
import { dropKept, findKept } from './kept-roles';
import { USERS_DATABASE } from './names';
import { observeUser } from './ownership';
import { lockLogin } from './remove-access';

/** As EngineSession.removeLogin promises. A foreign login of that name is left alone and counts as not there. */
export async function removeLogin(admin: Admin, login: LoginRef): Promise<LoginRemovalEvidence> {
  const { ownership } = await observeUser(admin, login);
  if (ownership !== 'ours') {
    if ((await findKept(admin, login)) !== null) await dropKept(admin, login.name); // an unlocking died half-way
    return { found: ownership, dropped: false, ended: 0, looks: [], details: {} };
  }
  await lockLogin(admin, login);
  const sessions = await endSessions(admin, { logins: [login] });
  await runUnless(admin, USER_NOT_FOUND, USERS_DATABASE, { dropUser: login.name, ...MAJORITY });
  await dropKept(admin, login.name);
  return { found: ownership, dropped: true, ...sessions };
}
