// Credentials: logins of one database or several of a server, each with a role in each.
import {
  credentialCreate,
  credentialDelete,
  credentialReset,
  grantCreate,
  grantDelete,
  isOperator,
  request as requestAction,
} from '@berth/actions';
import { ROLES } from '@berth/core';
import type { Access, CredentialView } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerAgain, readOnce } from '../../http/once';
import { parse } from '../../http/parse';
import { noteDeed } from '../../http/refusals';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { answerAccepted } from './accepted';
import { authenticate, READ, WRITE } from './authenticate';
import { newName, nothing, pageOf, pageQuery, reference, showPage } from './fields';
import { getVisibleCredential, getVisibleDatabase, mayReachCredential, seesDatabase } from './reach';
import { type Revealed, revealSecrets } from './reveal';

const newCredential = z.strictObject({ username: newName.optional(), role: z.enum(ROLES).optional() });
const newGrant = z.strictObject({ database: reference, role: z.enum(ROLES) });
const listQuery = z.strictObject(pageQuery);
const getQuery = z.strictObject({ reveal: z.enum(['true', 'false']).optional() });

export function credentialRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/databases/:id/credentials', handle: (call) => listCredentials(api, call) },
    { method: 'post', path: '/databases/:id/credentials', handle: (call) => createCredential(api, call) },
    { method: 'get', path: '/credentials/:id', handle: (call) => getCredential(api, call) },
    { method: 'delete', path: '/credentials/:id', handle: (call) => deleteCredential(api, call) },
    { method: 'post', path: '/credentials/:id/grants', handle: (call) => createGrant(api, call) },
    { method: 'delete', path: '/credentials/:id/grants/:database_id', handle: (call) => deleteGrant(api, call) },
    { method: 'post', path: '/credentials/:id/reset', handle: (call) => resetCredential(api, call) },
  ];
}

async function listCredentials(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const query = parse(listQuery, call.request.query);
  const database = await getVisibleDatabase(api.store, access, call.request.params.id);
  call.response.json(
    showPage(await api.store.credentials.list(database.id, pageOf(query)), (row) => showCredential(access, row)),
  );
}

async function createCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const asked = parse(newCredential, (await readBody(call)) ?? {});
  const database = await getVisibleDatabase(api.store, access, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, credentialCreate, { databaseId: database.id, ...asked }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, action.credential_id));
}

async function getCredential(api: ApiContext, call: Call): Promise<void> {
  if (call.request.query.reveal === 'true') noteDeed(call.response);
  const access = await authenticate(api, call, READ);
  const { reveal } = parse(getQuery, call.request.query);
  const credential = await getVisibleCredential(api.store, access, call.request.params.id);
  if (reveal !== 'true') return void call.response.json(showCredential(access, credential));
  const revealed = await revealSecrets(api, access, credential);
  const { password, uri } = revealed;
  call.response.json({ ...showCredential(access, credential, revealed), password, uri });
}

async function deleteCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, credentialDelete, { credentialId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function resetCredential(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, credentialReset, { credentialId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

/** The pair has one grant: asking for another role changes it. */
async function createGrant(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const asked = parse(newGrant, (await readBody(call)) ?? {});
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, grantCreate, { credentialId: id, ...asked }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function deleteGrant(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const once = readOnce(api, call);
  if (await answerAgain(api, call, access, once)) return; // the login may be outside the access's limits by now
  const { id } = await getVisibleCredential(api.store, access, call.request.params.id);
  const database = await getVisibleDatabase(api.store, access, call.request.params.database_id);
  const action = await requestAction(api, grantDelete, { credentialId: id, databaseId: database.id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showIfVisible(api, access, id));
}

/** Null where the grant that is gone was the one inside the access's limits. */
async function showIfVisible(api: ApiContext, access: Access, id: string) {
  const credential = await api.store.credentials.find(id);
  const isVisible =
    credential !== null && (isOperator(access) || (await mayReachCredential(api.store, access, credential)));
  return { credential: isVisible ? showCredential(access, credential) : null };
}

async function showFresh(api: ApiContext, access: Access, id: string | null) {
  return { credential: showCredential(access, await getVisibleCredential(api.store, access, id)) };
}

/**
 * A credential as the native API shows it, with its grants that the access may see. `engine_username` is what its server
 * calls it. Revealed, each grant has its own URL: null where the login does not work at the moment.
 */
function showCredential(access: Access, credential: CredentialView, revealed: Revealed | null = null) {
  return {
    id: credential.id,
    number: credential.number,
    username: credential.username,
    engine_username: credential.engine_username,
    state: credential.state,
    grants: credential.grants
      .filter(({ database }) => seesDatabase(access, database))
      .map(({ database, database_id, role }) => ({
        database_id,
        database: database.name,
        role,
        ...(revealed !== null && { uri: revealed.uris.get(database_id) ?? null }),
      })),
    created_at: credential.created_at,
    delete_accepted_at: credential.delete_accepted_at,
    deleted_at: credential.deleted_at,
  };
}
