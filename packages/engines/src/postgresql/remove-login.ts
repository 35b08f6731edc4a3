// Drops a login: lock, end its sessions, roll back what it prepared, give away what it owns, drop.
import type { LoginRef, LoginRemovalEvidence } from '../contract';
import type { Admin } from './admin';
import { endSessionsOf } from './end-sessions';
import { insist } from './insist';
import { observeLoginRole } from './ownership';
import { rollBackPrepared } from './prepared';
import { quoteIdentifier } from './quote';
import { releaseRole } from './release-role';

/** As EngineSession.removeLogin promises. A foreign login of that name is left alone and counts as not there. */
export async function removeLogin(admin: Admin, login: LoginRef): Promise<LoginRemovalEvidence> {
  const { ownership, oid } = await observeLoginRole(admin, login);
  if (ownership !== 'ours' || oid === null) {
    return { found: ownership, dropped: false, ended: 0, looks: [], details: {} };
  }
  await insist(admin, [`ALTER ROLE ${quoteIdentifier(login.name)} NOLOGIN`]);
  const { ended, looks } = await endSessionsOf(admin, [oid], null);
  const rolledBack = await rollBackPrepared(admin, { owner: login.name });
  const visited = await releaseRole(admin, { name: login.name, oid });
  // counted, not named: whoever reads this may not know of the others
  const details = { rolled_back: rolledBack, databases: visited.length };
  return { found: ownership, dropped: true, ended, looks, details };
}
