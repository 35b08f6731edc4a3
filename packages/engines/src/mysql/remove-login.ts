// Drops a login: lock, end its sessions, drop. Nothing is its own on these servers but what runs in its name, which is counted.
import type { LoginRef, LoginRemovalEvidence } from '../contract';
import type { Admin } from './admin';
import { listDefinitions } from './definers';
import { endSessionsOf } from './end-sessions';
import { listRightsOf, revoke } from './grants';
import { observeLoginRow } from './ownership';
import { isAccount, quoteLogin } from './quote';
import { eraseThing } from './store';

/** As EngineSession.removeLogin promises. A foreign login of that name is left alone and counts as not there. */
export async function removeLogin(admin: Admin, login: LoginRef): Promise<LoginRemovalEvidence> {
  const { ownership, thing } = await observeLoginRow(admin, login);
  if (ownership !== 'ours') {
    if (ownership === 'free' && thing !== null) await eraseThing(admin, 'login', login.name, login.id);
    return { found: ownership, dropped: false, ended: 0, looks: [], details: {} };
  }
  const account = quoteLogin(login.name);
  await admin.main.query(`ALTER USER ${account} ACCOUNT LOCK`);
  const rights = await listRightsOf(admin, isAccount(login.name));
  const databases = rights.map((right) => ('pattern' in right ? nameIn(right.pattern) : right.database));
  for (const right of rights) await revoke(admin, right);
  const { ended, looks } = await endSessionsOf(admin, [login.name]);
  const left = await listDefinitions(admin, login.name, databases);
  await admin.main.query(`DROP USER IF EXISTS ${account}`);
  await eraseThing(admin, 'login', login.name, login.id);
  // counted, not named: whoever reads this may not know of the others
  const details = {
    rights: rights.length,
    databases: new Set(databases).size,
    definitions_left: left.length,
  };
  return { found: ownership, dropped: true, ended, looks, details };
}

/** The name that a pattern of ours was made of. */
function nameIn(pattern: string): string {
  return pattern.replaceAll(/\\([\\_%])/g, '$1');
}
