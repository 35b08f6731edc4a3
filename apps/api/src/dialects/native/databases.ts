// Databases: asked for, listed, shown, changed, quarantined and restored, deleted.
import {
  databaseCreate,
  databaseRemove,
  databaseRestore,
  databaseUpdate,
  extendQuarantine,
  needsAction,
  request as requestAction,
  updateDatabase,
} from '@berth/actions';
import { DATABASE_STATES, OWNER_LOGINS, QUARANTINE_DAYS_MAX, unknownReference } from '@berth/core';
import type { Access, DatabaseFilter, DatabaseView } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce, readOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { answerAccepted } from './accepted';
import { authenticate, READ, STEER, WRITE } from './authenticate';
import { changed } from './created';
import { answerDryRun } from './dry-run';
import {
  changeOf,
  fixed,
  labels,
  newName,
  nothing,
  pageOf,
  pageQuery,
  reference,
  showPage,
  wholeNumber,
} from './fields';
import { environmentIdOf, getVisibleDatabase, limitsOf } from './reach';

const newDatabase = z.strictObject({
  name: newName,
  engine: reference.optional(),
  plan: reference.optional(),
  project: reference.optional(),
  environment: reference.optional(),
  pool: reference.optional(),
  labels: labels.optional(),
  owner_login: z.enum(OWNER_LOGINS).optional(),
});

/** Labels are replaced as a whole. */
const changedDatabase = changeOf({
  labels: labels.optional(),
  protected: z.boolean().optional(),
  project: reference.optional(),
  plan: reference.optional(),
  ...Object.fromEntries(
    ['name', 'engine', 'environment', 'pool'].map((field) => [
      field,
      fixed('make another database, and move the data'),
    ]),
  ),
});

const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(DATABASE_STATES).optional(),
  name: reference.optional(),
  project: reference.optional(),
  environment: reference.optional(),
});

const createQuery = z.strictObject({ dry_run: z.enum(['true', 'false']).optional() });
const deleteQuery = z.strictObject({ purge: z.enum(['true', 'false']).optional() });

const extension = z.strictObject({ days: wholeNumber(1, QUARANTINE_DAYS_MAX) });

export function databaseRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/databases', handle: (call) => listDatabases(api, call) },
    { method: 'post', path: '/databases', handle: (call) => createDatabase(api, call) },
    { method: 'get', path: '/databases/:id', handle: (call) => getDatabase(api, call) },
    { method: 'patch', path: '/databases/:id', handle: (call) => changeDatabase(api, call) },
    { method: 'delete', path: '/databases/:id', handle: (call) => deleteDatabase(api, call) },
    { method: 'post', path: '/databases/:id/restore', handle: (call) => restoreDatabase(api, call) },
    { method: 'post', path: '/databases/:id/extend', handle: (call) => extendDatabase(api, call) },
  ];
}

async function createDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  const { dry_run: dryRun } = parse(createQuery, call.request.query);
  const { owner_login: ownerLogin = 'auto', ...asked } = parse(newDatabase, (await readBody(call)) ?? {});
  const input = { ...asked, ownerLogin };
  if (dryRun === 'true') return answerDryRun(api, call, access, input);
  const once = readOnce(api, call);
  const action = await requestAction(api, databaseCreate, input, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, action.database_id));
}

async function listDatabases(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const query = parse(listQuery, call.request.query);
  const filter: DatabaseFilter = {
    ...limitsOf(access),
    ...(query.project !== undefined && { projectId: await projectIdOf(api, access, query.project) }),
    ...(query.environment !== undefined && {
      environmentId: await environmentIdOf(api.store, access, query.environment),
    }),
    ...(query.state !== undefined && { state: query.state }),
    ...(query.name !== undefined && { name: query.name }),
  };
  call.response.json(showPage(await api.store.databases.list(filter, pageOf(query)), showDatabase));
}

async function getDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  call.response.json(showDatabase(await getVisibleDatabase(api.store, access, call.request.params.id)));
}

/** 200 with the database; 202 with an action where its server has to be told of another plan. */
async function changeDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  parse(nothing, call.request.query);
  const asked = parse(changedDatabase, (await readBody(call)) ?? {});
  const { id } = await getVisibleDatabase(api.store, access, call.request.params.id);
  const input = { databaseId: id, ...asked };
  const once = readOnce(api, call);
  if (!(await needsAction(api, input, access, once))) {
    return answerOnce(api, call, access, async (by) => changed(showDatabase(await updateDatabase(api, input, by))));
  }
  const action = await requestAction(api, databaseUpdate, input, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

/** The first one quarantines, where policy keeps data at all; one for what is quarantined drops, and so does `purge`. */
async function deleteDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, WRITE);
  const { purge } = parse(deleteQuery, call.request.query);
  const { id } = await getVisibleDatabase(api.store, access, call.request.params.id);
  const wish = purge === 'true' ? 'drop' : 'keep';
  const once = readOnce(api, call);
  const action = await requestAction(api, databaseRemove, { databaseId: id, wish }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function restoreDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, STEER);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getVisibleDatabase(api.store, access, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, databaseRestore, { databaseId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, access, id));
}

async function extendDatabase(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, STEER);
  parse(nothing, call.request.query);
  const { days } = parse(extension, (await readBody(call)) ?? {});
  const { id } = await getVisibleDatabase(api.store, access, call.request.params.id);
  const input = { databaseId: id, days };
  await answerOnce(api, call, access, async (by) => changed(showDatabase(await extendQuarantine(api, input, by))));
}

async function showFresh(api: ApiContext, access: Access, id: string | null) {
  return { database: showDatabase(await getVisibleDatabase(api.store, access, id)) };
}

/** By name or id, among the team's own. Throws `unknown_reference`, also outside the access's limits. */
async function projectIdOf({ store }: ApiContext, access: Access, asked: string): Promise<string> {
  const project = await store.catalog.findProject(access.team_id, asked);
  const onlyId = access.limit_project_id;
  if (project !== null && (onlyId ?? project.id) === project.id) return project.id;
  throw unknownReference('project', asked);
}

/** A database as the native API shows it. `engine_name` is what its server calls it. */
function showDatabase(database: DatabaseView) {
  return {
    id: database.id,
    number: database.number,
    name: database.name,
    engine: database.engine,
    engine_name: database.engine_name,
    state: database.state,
    project: database.project.name,
    environment: database.environment.name,
    plan: database.plan.name,
    server: { name: database.server.name, host: database.server.host, port: database.server.port },
    labels: database.labels,
    protected: database.protected,
    size_bytes: database.size_bytes === null ? null : Number(database.size_bytes),
    charset: database.charset,
    collation: database.collation,
    created_at: database.created_at,
    quarantined_at: database.quarantined_at,
    purge_after: database.purge_after,
    delete_accepted_at: database.delete_accepted_at,
    deleted_at: database.deleted_at,
  };
}
