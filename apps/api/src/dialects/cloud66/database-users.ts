// Database users of one server group: logins that are let into a database of this stack on that server. Every write answers
// with the action to poll. Of a user that has databases elsewhere too, only those of this stack are shown.
import {
  type Caller,
  credentialCreate,
  credentialDelete,
  credentialReset,
  request as requestAction,
  revealCredential,
} from '@berth/actions';
import { codeOf, type FieldProblem, isId, PlatformError } from '@berth/core';
import { type Access, type CredentialView, type GrantView, isMade, type Store } from '@berth/store';
import { z } from 'zod';
import { requireScope } from '../../http/bearer';
import { readBody } from '../../http/body';
import { parse } from '../../http/parse';
import { noteDeed } from '../../http/refusals';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { namedByNumber, requestedView } from './actions';
import { askedPage, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { ofPath } from './names';
import { parseNewDatabaseUser } from './new-database-user';
import { type Group, getDatabaseGroup } from './server-groups';
import { timestampOf } from './timestamp';

const USERS = '/stacks/:stack_id/server_groups/:server_group_id/database_users';

export function databaseUserRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: USERS, handle: (call) => answerList(api, call) },
    { method: 'post', path: USERS, handle: (call) => create(api, call) },
    { method: 'get', path: `${USERS}/:id`, handle: (call) => answerOne(api, call) },
    { method: 'delete', path: `${USERS}/:id`, handle: (call) => remove(api, call) },
    { method: 'post', path: `${USERS}/:id/regenerate_password`, handle: (call) => regenerate(api, call) },
  ];
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const { access, isRevealed } = await authenticateRead(api, call);
  const group = await getDatabaseGroup(api.store, access, call);
  const page = askedPage(call);
  const { stack, server } = group;
  const place = { teamId: access.team_id, projectId: stack.project.id, environmentId: stack.environment.id };
  const { data, total } = await api.store.credentials.listByPlace(
    { ...place, serverId: server.id },
    page.skip,
    page.take,
  );
  const views: object[] = [];
  for (const credential of data) {
    const secrets = isRevealed ? await secretsOf(api, access, group, credential) : {};
    views.push({ ...viewOf(group, credential), ...secrets });
  }
  sendPage(call, page, { data: views, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const { access, isRevealed } = await authenticateRead(api, call);
  const group = await getDatabaseGroup(api.store, access, call);
  const credential = await getUser(api.store, group, call);
  if (credential.state !== 'active') {
    throw new PlatformError('not_found', 'This database user is not there yet; its action says when.');
  }
  const secrets = isRevealed ? await secretsOf(api, access, group, credential) : {};
  sendOne(call, { ...viewOf(group, credential), ...secrets });
}

async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const group = await getDatabaseGroup(api.store, access, call);
  const { username, role, databaseIds } = parseNewDatabaseUser(await readBody(call, ['json', 'form']));
  await refuseUnknown(api.store, group, databaseIds);
  const [databaseId, ...alsoIn] = databaseIds;
  const input = { databaseId, alsoIn, username, role };
  await answerWith(api, call, access, () => requestAction(api, credentialCreate, input, access));
}

async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const group = await getDatabaseGroup(api.store, access, call);
  const input = subjectOf(group, await getUser(api.store, group, call));
  await answerWith(api, call, access, () => requestAction(api, credentialDelete, input, access));
}

/** The old password works until the action ends it; the new one is shown by `show_password`. */
async function regenerate(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const group = await getDatabaseGroup(api.store, access, call);
  const input = subjectOf(group, await getUser(api.store, group, call));
  parse(NOTHING, (await readBody(call, ['json', 'form'])) ?? {});
  await answerWith(api, call, access, () => requestAction(api, credentialReset, input, access));
}

const NOTHING = z.strictObject({ ...ofPath, id: z.unknown().optional() });

type Requested = Parameters<typeof requestedView>[0];

async function answerWith(api: ApiContext, call: Call, access: Access, ask: () => Promise<Requested>): Promise<void> {
  try {
    sendOne(call, requestedView(await ask(), access));
  } catch (error) {
    throw await namedByNumber(api.store, error);
  }
}

/** Passwords are shown to who may see them and says so; that is a deed, and recorded as one. */
async function authenticateRead(api: ApiContext, call: Call): Promise<{ access: Caller; isRevealed: boolean }> {
  const isRevealed = ['true', '1'].includes(String(call.request.query.show_password));
  if (isRevealed) noteDeed(call.response);
  const access = await authenticate(api, call, 'public');
  if (isRevealed) requireScope(access, 'credentials');
  return { access, isRevealed };
}

/** Null where it opens a database that this access may not reach, or none for now: the others of the list are shown all the same. */
async function secretsOf(api: ApiContext, access: Caller, group: Group, credential: CredentialView) {
  try {
    const { password, uris } = await revealCredential(api, access, credential);
    const here = new Set(grantsHere(group, credential).map((grant) => grant.database_id));
    return { password, uris: Object.fromEntries([...uris].filter(([databaseId]) => here.has(databaseId))) };
  } catch (error) {
    if (['in_use', 'contradicts', 'not_found'].includes(codeOf(error))) return { password: null, uris: {} };
    throw error;
  }
}

/** A living login with a database of this stack, which is of one team, on this server. Throws `not_found`. */
async function getUser(store: Store, group: Group, { request }: Call): Promise<CredentialView> {
  const id = String(request.params.id);
  const credential = isId('credential', id) ? await store.credentials.find(id) : null;
  const isOnServer = credential?.server_id === group.server.id && credential.state !== 'deleted';
  if (credential !== null && isOnServer && grantsHere(group, credential).length > 0) return credential;
  throw new PlatformError('not_found', 'There is no database user of this uid in this server group.');
}

/** Those that are made, on databases of this stack that its clients see. */
function grantsHere({ stack }: Group, { grants }: CredentialView): GrantView[] {
  return grants.filter((grant) => {
    const { database } = grant;
    const isHere = database.project_id === stack.project.id && database.environment_id === stack.environment.id;
    return isHere && isMade(grant) && !['deleted', 'quarantined'].includes(database.state);
  });
}

/** The login, and the database by which its action is found in this stack. */
function subjectOf(group: Group, credential: CredentialView) {
  const [grant] = grantsHere(group, credential);
  return { credentialId: credential.id, ...(grant !== undefined && { databaseId: grant.database_id }) };
}

/** Throws `unknown_reference` naming each that is not an available database in this stack and group. */
async function refuseUnknown(store: Store, { stack, server }: Group, ids: string[]): Promise<void> {
  const wrong: FieldProblem[] = [];
  for (const [index, id] of ids.entries()) {
    const database = isId('database', id) ? await store.databases.find(id) : null;
    const isHere =
      database?.project_id === stack.project.id &&
      database.environment_id === stack.environment.id &&
      database.server_id === server.id &&
      database.state === 'available';
    const message = 'there is no database of this uid in this server group';
    if (!isHere) wrong.push({ field: `database_ids.${index}`, message });
  }
  if (wrong.length === 0) return;
  throw new PlatformError('unknown_reference', 'database_ids names databases that are not here.', { fields: wrong });
}

/** `login` is the name on the server: another team may have the one that was asked for. */
function viewOf(group: Group, credential: CredentialView) {
  const here = grantsHere(group, credential);
  return {
    uid: credential.id,
    username: credential.username,
    login: credential.engine_username,
    user_type: here[0]?.role ?? null,
    databases: here.map(({ database }) => database.name),
    created_at: timestampOf(credential.created_at),
  };
}
