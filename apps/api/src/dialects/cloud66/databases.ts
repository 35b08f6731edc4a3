// Databases of one server group: what is on that server for this team and this stack. Creating and deleting answer with
// the action to poll; a delete is for good, as the product says. What is quarantined is not shown: nobody can use it.
import { databaseCreate, databaseRemove, request as requestAction } from '@berth/actions';
import { isId, PlatformError } from '@berth/core';
import { type Access, type CredentialView, type DatabaseView, isMade, type PlanView, type Store } from '@berth/store';
import { readBody } from '../../http/body';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { namedByNumber, requestedView } from './actions';
import { askedPage, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { parseNewDatabase } from './new-database';
import { refreshFirst } from './refresh-first';
import { type Group, getDatabaseGroup } from './server-groups';
import { timestampOf } from './timestamp';

const DATABASES = '/stacks/:stack_id/server_groups/:server_group_id/databases';

export function databaseRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: DATABASES, handle: (call) => answerList(api, call) },
    { method: 'post', path: DATABASES, handle: (call) => create(api, call) },
    { method: 'get', path: `${DATABASES}/:id`, handle: (call) => answerOne(api, call) },
    { method: 'delete', path: `${DATABASES}/:id`, handle: (call) => remove(api, call) },
  ];
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const { stack, server } = await getDatabaseGroup(api.store, access, call);
  await refreshFirst(api, call, server);
  const page = askedPage(call);
  const place = { teamId: access.team_id, projectId: stack.project.id, environmentId: stack.environment.id };
  const filter = { ...place, serverId: server.id, isMeasured: true, isUsable: true } as const;
  const { data, total } = await api.store.databases.listByPlace(filter, page.skip, page.take);
  sendPage(call, page, { data: await viewsOf(api.store, data), total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const group = await getDatabaseGroup(api.store, access, call);
  await getDatabase(api.store, access, group, call); // of what is not there nobody is asked
  await refreshFirst(api, call, group.server);
  const database = await getDatabase(api.store, access, group, call);
  const [view] = await viewsOf(api.store, [database]);
  if (view === undefined) throw new PlatformError('not_found', 'This database is not there yet; its action says when.');
  sendOne(call, view);
}

async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const { stack, server } = await getDatabaseGroup(api.store, access, call);
  const { name, userIds } = parseNewDatabase(await readBody(call, ['json', 'form']));
  if (server.state !== 'active') {
    throw new PlatformError(
      'no_server',
      `Server group ${server.number} is ${server.state}: it takes no new databases.`,
    );
  }
  const plan = await choosePlan(api.store, access, { stack, server });
  const input = {
    name,
    engine: server.engine,
    plan: plan.id,
    project: stack.project.id,
    environment: stack.environment.id,
    pool: server.pool_id,
    serverId: server.id,
    ownerLogin: 'none',
    logins: userIds.map((credentialId) => ({ credentialId, role: 'owner' as const })),
  } as const;
  sendOne(call, requestedView(await requestAction(api, databaseCreate, input, access), access));
}

async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const group = await getDatabaseGroup(api.store, access, call);
  const { id } = await getDatabase(api.store, access, group, call);
  const input = { databaseId: id, wish: { goneIn: 'cloud66' } };
  try {
    sendOne(call, requestedView(await requestAction(api, databaseRemove, input, access), access));
  } catch (error) {
    throw await namedByNumber(api.store, error);
  }
}

/** A living database of the team in this stack on this server. Throws `not_found`. */
async function getDatabase(store: Store, access: Access, group: Group, { request }: Call): Promise<DatabaseView> {
  const id = String(request.params.id);
  const database = isId('database', id) ? await store.databases.find(id) : null;
  const { stack, server } = group;
  const isHere =
    database?.team_id === access.team_id &&
    database.project_id === stack.project.id &&
    database.environment_id === stack.environment.id &&
    database.server_id === server.id;
  const isGone = database?.state === 'deleted' || database?.state === 'quarantined';
  if (database !== null && isHere && !isGone) return database;
  throw new PlatformError('not_found', 'There is no database of this uid in this server group.');
}

/** The product has no plans: the access's default where it fits the server, else the smallest that does. */
async function choosePlan(store: Store, access: Access, { stack, server }: Group): Promise<PlanView> {
  const fitting = (await store.catalog.listPlans(server.engine)).filter(({ environments }) => {
    return environments.length === 0 || environments.some((row) => row.environment_id === stack.environment.id);
  });
  const plan = fitting.find(({ id }) => id === access.default_plan_id) ?? fitting[0];
  if (plan !== undefined) return plan;
  const message = `No plan of ${server.engine} may be used in ${stack.environment.name}; an operator makes one.`;
  throw new PlatformError('no_server', message);
}

/**
 * Databases as they were last looked at, with the names of their logins. One that is still being made, or could not be,
 * is left out: on its server there is nothing yet, and no size, charset or collation that would be true.
 */
async function viewsOf(store: Store, databases: DatabaseView[]) {
  const credentials = await store.credentials.listOfDatabases(databases.map(({ id }) => id));
  return databases.flatMap((database) => {
    const { id, name, charset, collation, size_bytes, created_at } = database;
    if (charset === null || collation === null || size_bytes === null) return [];
    const users = credentials.filter((credential) => mayUse(credential, id)).map(({ username }) => username);
    return {
      uid: id,
      name,
      charset,
      collation,
      size_bytes: Number(size_bytes),
      created_at: timestampOf(created_at),
      users,
    };
  });
}

function mayUse({ grants, state }: CredentialView, databaseId: string): boolean {
  const isGranted = grants.some((grant) => grant.database_id === databaseId && isMade(grant));
  return isGranted && state === 'active';
}
