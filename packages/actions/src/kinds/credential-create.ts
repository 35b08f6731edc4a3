// credential_create: one more login for a database, proven to work there and nowhere else.
import { type EngineName, fieldError, idTail, isId, PlatformError, type Role } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { makePassword } from '@berth/secrets';
import type { Access, Action, DatabaseView, Nouns } from '@berth/store';
import { chooseLoginName, chooseWished, isWished, reserveName, type WishedLogin } from '../engine-names';
import { type Kind, openSecret, sealSecret } from '../kind';
import { describeCredential } from './change';
import { makeLogin } from './login-steps';
import { getOthers, grantOthers, proveOthers, refOf, refuseShut } from './other-databases';
import {
  databaseRef,
  engineOf,
  getCredential,
  getDatabase,
  getOwnDatabase,
  loginRef,
  requiredAccess,
  roleOf,
} from './subjects';
import { findMeant } from './unheard';

export interface CredentialCreateInput {
  databaseId: string;
  /** Ids of more databases on the same server, in each of which it gets the same role. They are there already. */
  alsoIn?: string[] | undefined;
  /**
   * Made from the database's name when missing. Of a wish the other name is taken where another database has a login of the
   * one asked for; within its own database it is there once.
   */
  username?: string | WishedLogin | undefined;
  /** Default: owner. */
  role?: Role | undefined;
}

const STEPS = ['reserve_names', 'create_login', 'check_login', 'check_isolation'];
const STEPS_WITH_OTHERS = STEPS.toSpliced(-1, 0, 'grant_others', 'check_others');

/**
 * Safe to ask many times at once: they stand in line; a wish that is being made already is joined, and so
 * is one whose answer its caller never heard. Throws `name_taken`;
 * `contradicts` while a delete is under way, or one of `alsoIn` is not available; `unknown_reference`, `disagree` and
 * `invalid_request` naming `alsoIn.<index>`.
 */
export const credentialCreate: Kind<CredentialCreateInput> = {
  name: 'credential_create',

  async plan({ tx, keyRing, requester }, input) {
    const access = requiredAccess(requester);
    const asked = [input.databaseId, ...(input.alsoIn ?? [])].filter((each) => isId('database', each));
    for (const each of asked.sort()) await tx.databases.lock(each);
    const database = await getOwnDatabase(tx, access, input.databaseId);
    const others = await getOthers(tx, access, database, input.alsoIn ?? []);
    await tx.servers.lock(database.server_id);
    const engine = engineOf(database);
    refuseReservedName(engine, input.username);
    const role = input.role ?? 'owner';
    const wish = typeof input.username === 'object' ? input.username : null;
    const joins = wish && (await findWished(tx, access, { databaseId: database.id, role, wish }));
    if (joins !== null) return { joins };
    const id = tx.credentials.newId();
    const username = await chooseUsername(tx, database, input.username, id);
    const credential = await tx.credentials.insert({
      id,
      teamId: database.team_id,
      serverId: database.server_id,
      username,
      engineUsername: await chooseLoginName(tx, engine, database.server_id, username, id),
      secretSealed: sealSecret(keyRing, id, makePassword()),
      accessId: access.id,
    });
    for (const each of [database, ...others]) await tx.credentials.grant(credential, each.id, role);
    return {
      engine,
      teamId: database.team_id,
      databaseId: database.id,
      credentialId: id,
      serverId: database.server_id,
      stepNames: others.length === 0 ? STEPS : STEPS_WITH_OTHERS,
      change: { before: null, after: describeCredential(await getCredential(tx, id)) },
    };
  },

  async perform({ action, keyRing, session, step, store }) {
    const database = await getDatabase(store, action.database_id);
    refuseShut(await getCredential(store, action.credential_id));
    await step('reserve_names', async () => {
      const asked = loginRef(await getCredential(store, action.credential_id));
      const observe = session.observeLogin.bind(session);
      const { name } = await reserveName(engineOf(database), asked, observe, store.credentials.renameOnEngine);
      return { login: name };
    });
    const credential = await getCredential(store, action.credential_id);
    const role = roleOf(credential.grants[0]?.role ?? 'owner');
    const connectionsMax = await store.grants.sumConnections(credential.id, { plans: 'pending' });
    const login = { ...loginRef(credential), connectionsMax };
    const password = openSecret(keyRing, credential.id, credential.secret_sealed ?? '');
    await step('create_login', () => makeLogin(session, databaseRef(database), login, password, role));
    await step('check_login', () => session.proveLogin(databaseRef(database), login, password, role));
    const others = credential.grants.filter(({ database_id }) => database_id !== database.id).map(refOf);
    if (action.step_names.includes('grant_others')) {
      await step('grant_others', () => grantOthers(session, others, login, role));
      await step('check_others', () => proveOthers(session, others, login, password, role));
    }
    await step('check_isolation', () => session.proveIsolation(login, password));
    return async (tx) => void (await tx.credentials.becomeActive(credential.id));
  },

  fail:
    async ({ action }) =>
    (tx) =>
      giveUp(tx, action),
  withdraw: giveUp,
  async revive(tx, action) {
    const credential = await getCredential(tx, action.credential_id);
    await tx.credentials.withdrawDelete(credential); // its clean-up may have been asked for, and failed
    await tx.credentials.becomeCreating(credential.id);
  },
};

async function giveUp(tx: Nouns, action: Action): Promise<void> {
  if (action.credential_id !== null) await tx.credentials.becomeFailed(action.credential_id);
}

interface AskedWish {
  databaseId: string;
  role: Role;
  wish: WishedLogin;
}

/**
 * The create of such a login that is on its way; null when there is no such login, or it could not be made. Throws `name_taken`
 * when there is one, or one of another role is on its way: its password is not for who asked for less.
 */
async function findWished(tx: Nouns, access: Access, { databaseId, role, wish }: AskedWish): Promise<Action | null> {
  const there = await tx.credentials.listOfDatabase(databaseId);
  const living = there.filter(({ delete_accepted_at, state }) => delete_accepted_at === null && state !== 'failed');
  const same = living.find((each) => isWished(wish, each));
  if (same === undefined) return null;
  const isOfRole = same.grants.some((grant) => grant.database_id === databaseId && grant.role === role);
  const meant = isOfRole ? await findMeant(tx, access, same.id, 'credential_create') : null;
  if (meant !== null) return meant;
  throw fieldError('name_taken', 'username', `A login named "${wish.asked}" exists in this database.`);
}

async function chooseUsername(
  tx: Nouns,
  database: DatabaseView,
  asked: CredentialCreateInput['username'],
  id: string,
): Promise<string> {
  if (typeof asked === 'object') return chooseWished(tx, database.server_id, asked, id);
  return asked ?? rulesOf(engineOf(database)).engineNameOf(database.name, idTail(id));
}

function refuseReservedName(engine: EngineName, asked: CredentialCreateInput['username']): void {
  const username = typeof asked === 'object' ? asked.asked : asked;
  if (username === undefined || !rulesOf(engine).isReserved(username)) return;
  const message = `"${username}" is reserved by ${engine} or by Berth; choose another name`;
  throw new PlatformError('invalid_request', 'The name is reserved.', { fields: [{ field: 'username', message }] });
}
