// grant_create: a login that is there gets a role in one more database of its server, or another role in one of its own.
import { isId, PlatformError, type Role } from '@berth/core';
import { type Access, type Action, type CredentialView, type DatabaseView, isMade, type Nouns } from '@berth/store';
import { type FailedWork, type Kind, openSecret, type Work } from '../kind';
import { settleLogin } from './stay-shut';
import {
  contradicts,
  databaseRef,
  engineOf,
  getCredential,
  getDatabase,
  getOwnCredential,
  getOwnDatabase,
  loginRef,
  mayReach,
  requiredAccess,
  roleOf,
} from './subjects';

export interface GrantCreateInput {
  credentialId: string;
  /** Name or id. */
  database: string;
  role: Role;
}

/**
 * The pair has one grant: a second request with another role changes it. Safe to repeat: joins the one that is queued or
 * running with this role. Throws `unknown_reference`, `disagree` on the field `database`; `contradicts` while something else is
 * done to the pair, a delete is under way, or the login does not work.
 */
export const grantCreate: Kind<GrantCreateInput> = {
  name: 'grant_create',

  async plan({ tx, requester }, input) {
    const access = requiredAccess(requester);
    const { credentialId, role } = input;
    const asked = await findDatabase(tx, access, await getOwnCredential(tx, access, credentialId), input.database);
    await tx.credentials.lock(credentialId, asked.id);
    const credential = await getOwnCredential(tx, access, credentialId);
    const database = await getOwnDatabase(tx, access, asked.id);
    refuseUnmade(credential, database);
    const grant = await tx.grants.find(credentialId, database.id);
    const open = await tx.grants.findOpenAction(credentialId, database.id);
    if (open !== null) {
      if (open.kind === 'grant_create' && (grant?.pending_role ?? grant?.role) === role) return { joins: open };
      throw contradicts(open.id, `The grant of ${credentialId} on ${database.id} is being changed.`);
    }
    if (grant === null) await tx.grants.propose(credential, database.id, role);
    else if (grant.role !== role) await tx.grants.proposeRole(grant.id, role);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId: database.id,
      credentialId,
      serverId: database.server_id,
      stepNames: ['grant_role', 'limit_login', 'check_login', 'check_isolation'],
      change: {
        before: grant === null ? null : { database_id: database.id, role: grant.role },
        after: { database_id: database.id, role },
      },
    };
  },

  async perform(work) {
    const { keyRing, session, step, store } = work;
    const { credential, database, grant } = await partiesOf(work);
    if (credential.state !== 'active' || credential.secret_sealed === null) {
      throw new PlatformError(
        'contradicts',
        `The credential ${credential.id} is ${credential.state} and cannot log in.`,
      );
    }
    const [login, ref] = [loginRef(credential), databaseRef(database)];
    const password = openSecret(keyRing, credential.id, credential.secret_sealed);
    const role = roleOf(grant.pending_role ?? grant.role);
    const connectionsMax = await store.grants.sumConnections(credential.id, { plans: 'pending' });
    await step('grant_role', () => session.ensureGrant(ref, login, role));
    await step('limit_login', () => session.ensureLoginLimit(login, connectionsMax));
    await step('check_login', () => session.proveLogin(ref, login, password, role));
    await step('check_isolation', () => session.proveIsolation(login, password));
    return async (tx) => void (await tx.grants.becomeGranted(grant.id));
  },

  async fail(work) {
    await putBack(work);
    return (tx) => withdraw(tx, work.action);
  },
  withdraw,
  revive: async () => {
    const advice = 'Ask for the grant anew: POST /v1/credentials/:id/grants.';
    throw new PlatformError('contradicts', `What was asked for was withdrawn when it failed. ${advice}`);
  },
};

/** A database named by its id or its name, among those that this access may reach, on the login's own server. */
async function findDatabase(
  tx: Nouns,
  access: Access,
  credential: CredentialView,
  asked: string,
): Promise<DatabaseView> {
  const found = isId('database', asked) ? await tx.databases.find(asked) : null;
  const named = found === null ? await tx.databases.listByName(access.team_id, asked) : [found];
  const reached = named.filter((each) => mayReach(access, each) && each.state !== 'deleted');
  const [database, second] = reached.filter((each) => each.server_id === credential.server_id);
  if (reached.length === 0) throw wrong('unknown_reference', `There is no database "${asked}".`);
  if (database === undefined) {
    throw wrong('disagree', `It is on another server than the login ${credential.id}, whose server it has to be on.`);
  }
  if (second !== undefined) throw wrong('disagree', `Several databases are named "${asked}"; give the id of one.`);
  return database;
}

function wrong(code: 'unknown_reference' | 'disagree', message: string): PlatformError {
  return new PlatformError(code, message, { fields: [{ field: 'database', message }] });
}

/** What is being made is waited for in its line; what failed for good never comes. */
function refuseUnmade(credential: CredentialView, database: DatabaseView): void {
  for (const [noun, { id, state }] of [
    ['credential', credential],
    ['database', database],
  ] as const) {
    if (state === 'failed') throw new PlatformError('contradicts', `The ${noun} ${id} was never made; delete it.`);
  }
}

async function partiesOf({ action, store }: Pick<Work, 'action' | 'store'>) {
  const credential = await getCredential(store, action.credential_id);
  const database = await getDatabase(store, action.database_id);
  const grant = await store.grants.find(credential.id, database.id);
  if (grant === null) throw new PlatformError('contradicts', 'The grant was taken away before it was made.');
  return { credential, database, grant };
}

/** After a failure the server is to be as before, if it can be told so; what it keeps falls with the login or database. */
async function putBack(work: FailedWork): Promise<void> {
  const { action, log, session, store } = work;
  if (session === null) return;
  try {
    const { credential, database, grant } = await partiesOf(work);
    const [login, ref] = [loginRef(credential), databaseRef(database)];
    const isNew = !isMade(grant);
    if (isNew) await session.removeGrant(ref, login);
    else await session.ensureGrant(ref, login, roleOf(grant.role));
    const of = { plans: 'pending' as const, ...(isNew && { without: database.id }) };
    await session.ensureLoginLimit(login, await store.grants.sumConnections(credential.id, of));
  } catch (error) {
    log.warn({ actionId: action.id, error }, 'What a failed grant had changed on the server could not be put back');
  }
}

/** A grant that was not made is none; one that is keeps its role. Others may have been taken away, relying on this one. */
async function withdraw(tx: Nouns, action: Action): Promise<void> {
  await tx.credentials.lock(action.credential_id ?? ''); // another of its grants may be taken away at the same moment
  const grant = await tx.grants.find(action.credential_id ?? '', action.database_id ?? '');
  if (grant !== null) await tx.grants.withdraw(grant.id);
  await settleLogin(tx, action);
}
