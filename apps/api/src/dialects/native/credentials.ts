// Credentials: logins of a database. Their passwords are shown to those who may see them, and only when asked.
import {
  type Caller,
  credentialCreate,
  credentialDelete,
  credentialReset,
  openSecret,
  recordReveal,
  request as requestAction,
} from '@berth/actions';
import { isEngineName, PlatformError, TLS_MODES } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import type { Access, CredentialView } from '@berth/store';
import { z } from 'zod';
import { requireScope } from '../../http/bearer';
import { readBody } from '../../http/body';
import { readOnce } from '../../http/once';
import { parse } from '../../http/parse';
import { noteDeed } from '../../http/refusals';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { answerAccepted } from './accepted';
import { authenticate, READ, WRITE } from './authenticate';
import { newName, nothing, pageOf, pageQuery, showPage } from './fields';
import { getVisibleCredential, getVisibleDatabase, mayReachCredential } from './reach';

const newCredential = z.strictObject({ username: newName.optional() });
const listQuery = z.strictObject(pageQuery);
const getQuery = z.strictObject({ reveal: z.enum(['true', 'false']).optional() });

export function credentialRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/databases/:id/credentials', handle: (call) => listCredentials(api, call) },
    { method: 'post', path: '/databases/:id/credentials', handle: (call) => createCredential(api, call) },
    { method: 'get', path: '/credentials/:id', handle: (call) => getCredential(api, call) },
    { method: 'delete', path: '/credentials/:id', handle: (call) => deleteCredential(api, call) },
    { method: 'post', path: '/credentials/:id/reset', handle: (call) => resetCredential(api, call) },
  ];
}

async function listCredentials(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const query = parse(listQuery, call.request.query);
  const database = await getVisibleDatabase(api.store, access, call.request.params.id);
  call.response.json(showPage(await api.store.credentials.list(database.id, pageOf(query)), showCredential));
}

async function createCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const { username } = parse(newCredential, (await readBody(call)) ?? {});
  const database = await getVisibleDatabase(api.store, access, call.request.params.id);
  const once = readOnce(call);
  const action = await requestAction(api, credentialCreate, { databaseId: database.id, username }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, action.credential_id));
}

async function getCredential(api: ApiContext, call: Call): Promise<void> {
  if (call.request.query.reveal === 'true') noteDeed(call.response);
  const access = await authenticate(api, call, READ);
  const { reveal } = parse(getQuery, call.request.query);
  const credential = await getVisibleCredential(api.store, access, call.request.params.id);
  const secrets = reveal === 'true' ? await revealSecrets(api, access, credential) : {};
  call.response.json({ ...showCredential(credential), ...secrets });
}

async function deleteCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const once = readOnce(call);
  const action = await requestAction(api, credentialDelete, { credentialId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function resetCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const once = readOnce(call);
  const action = await requestAction(api, credentialReset, { credentialId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function showFresh(api: ApiContext, access: Access, id: string | null) {
  return { credential: showCredential(await getVisibleCredential(api.store, access, id)) };
}

/** A credential as the native API shows it. `engine_username` is what its server calls it. */
function showCredential(credential: CredentialView) {
  return {
    id: credential.id,
    number: credential.number,
    username: credential.username,
    engine_username: credential.engine_username,
    state: credential.state,
    grants: credential.grants.map(({ database_id, role }) => ({ database_id, role })),
    created_at: credential.created_at,
    delete_accepted_at: credential.delete_accepted_at,
    deleted_at: credential.deleted_at,
  };
}

/**
 * Password and URL of a working login of the access's own team. Throws `missing_scope`; `not_found` for another team's,
 * whoever asks; `contradicts` for one that does not work yet, or not any more.
 */
async function revealSecrets(api: ApiContext, access: Caller, credential: CredentialView) {
  const { keyRing, store } = api;
  if (!(await mayReachCredential(store, access, credential))) {
    throw new PlatformError('not_found', `There is no credential ${credential.id} in this team.`);
  }
  requireScope(access, 'credentials');
  const database = await store.databases.find(credential.grants[0]?.database_id ?? '');
  if (database?.state === 'quarantined') {
    const message = `The database ${database.id} is quarantined, and no password opens it. Restore it first.`;
    throw new PlatformError('contradicts', message);
  }
  const tls = TLS_MODES.find((mode) => mode === database?.server.tls);
  if (credential.state !== 'active' || credential.secret_sealed === null) {
    throw new PlatformError(
      'contradicts',
      `The credential is ${credential.state}; a password is shown while it is active.`,
    );
  }
  if (database === null || tls === undefined || !isEngineName(database.engine)) {
    throw new PlatformError('internal', 'The credential has no database in the store.');
  }
  await recordReveal(api, access, credential); // when it cannot be written, nothing is shown
  const password = openSecret(keyRing, credential.id, credential.secret_sealed);
  const { host, port } = database.server;
  const login = { username: credential.engine_username, password, database: database.engine_name };
  const uri = rulesOf(database.engine).connectionUrl({ host, port, tls, ...login });
  return { password: password.reveal(), uri: uri.reveal() };
}
