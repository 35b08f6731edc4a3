// Credentials: logins of one database or several of a server, each with a role in each.
import {
  credentialCreate,
  credentialDelete,
  credentialReset,
  grantCreate,
  grantDelete,
  isOperator,
  mayReachCredential,
  request as requestAction,
  revealCredential,
} from '@berth/actions';
import { ROLES } from '@berth/core';
import type { Access } from '@berth/store';
import { z } from 'zod';
import { answerAgain, readOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { answerAccepted, requestAndAnswer } from './accepted';
import { READ, WRITE } from './authenticate';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import { flag, newName, nothing, pageOf, pageQuery, reference, showPage } from './fields';
import { getVisibleCredential, getVisibleDatabase } from './reach';
import { accepts, lists, shows } from './shapes/answers';
import { credentialShape, revealedShape, showCredential, showRevealed } from './shapes/credential';
import type { ExampleKind } from './shapes/example-actions';

const newCredential = z.strictObject({
  username: newName.optional().describe('Default: one is made up.'),
  role: z.enum(ROLES).optional().describe('Default: `owner`.'),
});
const newGrant = z.strictObject({ database: reference, role: z.enum(ROLES) });
const listQuery = z.strictObject(pageQuery);
const getQuery = z.strictObject({ reveal: flag.optional().describe('Whether its password is shown.') });

const about = { tag: 'Credentials', noun: 'credential', scopes: WRITE, isWaitedFor: true } as const;
const accepted = (kind: ExampleKind) => accepts(kind, { credential: credentialShape });

export const credentialEndpoints: Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/databases/:id/credentials',
    id: 'listCredentials',
    tag: 'Credentials',
    summary: 'List the logins of a database',
    noun: 'database',
    scopes: READ,
    query: listQuery,
    answers: lists(credentialShape),
    handle: listCredentials,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/databases/:id/credentials',
    id: 'createCredential',
    summary: 'Make a login of a database',
    noun: 'database',
    body: newCredential,
    answers: accepted('credential_create'),
    errors: ['name_taken', 'contradicts'],
    examples: { 'may only read': { body: { username: 'reporting', role: 'readonly' } } },
    handle: createCredential,
  }),
  endpoint({
    method: 'get',
    path: '/credentials/:id',
    id: 'getCredential',
    tag: 'Credentials',
    summary: 'Show a login',
    description:
      'With `reveal=true` its password and URLs too, to a token of its own team with the scope `credentials`.',
    noun: 'credential',
    scopes: READ,
    query: getQuery,
    answers: shows(z.union([credentialShape, revealedShape])),
    errors: ['in_use', 'contradicts', 'key_missing'],
    examples: { 'without its password': {}, 'with its password': { query: { reveal: 'true' }, shows: revealedShape } },
    isDeed: ({ request }) => request.query.reveal === 'true',
    handle: getCredential,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/credentials/:id',
    id: 'deleteCredential',
    summary: 'Delete a login',
    answers: accepted('credential_delete'),
    errors: ['in_use', 'contradicts'],
    handle: deleteCredential,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/credentials/:id/grants',
    id: 'createGrant',
    summary: 'Let a login into one more database, or change its role there',
    body: newGrant,
    answers: accepted('grant_create'),
    errors: ['contradicts', 'unknown_reference', 'disagree'],
    examples: { 'may write': { body: { database: 'orders', role: 'readwrite' } } },
    handle: createGrant,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/credentials/:id/grants/:database_id',
    id: 'deleteGrant',
    summary: 'Keep a login out of one of its databases',
    answers: accepts('grant_delete', { credential: credentialShape.nullable() }),
    errors: ['contradicts'],
    handle: deleteGrant,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/credentials/:id/reset',
    id: 'resetCredential',
    summary: 'Give a login another password and end its sessions',
    body: nothing,
    answers: accepted('credential_reset'),
    errors: ['in_use', 'contradicts'],
    handle: resetCredential,
  }),
];

async function listCredentials(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const query = call.query;
  const database = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  call.response.json(
    showPage(await api.store.credentials.list(database.id, pageOf(query)), (row) => showCredential(call.caller, row)),
  );
}

async function createCredential(api: ApiContext, call: AskedWith<typeof newCredential>): Promise<void> {
  const asked = call.body;
  const database = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  await requestAndAnswer(api, call, credentialCreate, { databaseId: database.id, ...asked }, (action) =>
    showFresh(api, call.caller, action.credential_id),
  );
}

async function getCredential(api: ApiContext, call: Asked<typeof getQuery>): Promise<void> {
  const { reveal } = call.query;
  const credential = await getVisibleCredential(api.store, call.caller, call.request.params.id);
  if (reveal !== 'true') return void call.response.json(showCredential(call.caller, credential));
  const revealed = await revealCredential(api, call.caller, credential);
  call.response.json(showRevealed(call.caller, credential, revealed));
}

async function deleteCredential(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getVisibleCredential(api.store, call.caller, call.request.params.id);
  await requestAndAnswer(api, call, credentialDelete, { credentialId: id }, () => showFresh(api, call.caller, id));
}

async function resetCredential(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getVisibleCredential(api.store, call.caller, call.request.params.id);
  await requestAndAnswer(api, call, credentialReset, { credentialId: id }, () => showFresh(api, call.caller, id));
}

/** The pair has one grant: asking for another role changes it. */
async function createGrant(api: ApiContext, call: AskedWith<typeof newGrant>): Promise<void> {
  const asked = call.body;
  const { id } = await getVisibleCredential(api.store, call.caller, call.request.params.id);
  await requestAndAnswer(api, call, grantCreate, { credentialId: id, ...asked }, () => showFresh(api, call.caller, id));
}

async function deleteGrant(api: ApiContext, call: Asked): Promise<void> {
  const once = readOnce(api, call);
  if (await answerAgain(api, call, call.caller, once)) return; // the login may be outside the access's limits by now
  const { id } = await getVisibleCredential(api.store, call.caller, call.request.params.id);
  const database = await getVisibleDatabase(api.store, call.caller, call.request.params.database_id);
  const action = await requestAction(
    api,
    grantDelete,
    { credentialId: id, databaseId: database.id },
    call.caller,
    once,
  );
  await answerAccepted(api, call, { access: call.caller, once }, action, () => showIfVisible(api, call.caller, id));
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
