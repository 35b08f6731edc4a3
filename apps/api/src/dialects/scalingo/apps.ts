// Apps: each database is one, with the same id and name. That is how go-scalingo shows a database, and deletes it.
import type { Caller } from '@berth/actions';
import { fieldError, idOfUuid, uuidOf } from '@berth/core';
import type { ActionWithSteps, StandingDatabase } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { refuseOtherPlace } from '../../http/standing';
import { withoutIds } from '../../http/without-ids';
import type { ApiContext } from '../dialect';
import { showUser } from './account';
import { authenticate } from './authenticate';
import { removeDatabase } from './databases';
import { findDatabase } from './find-database';
import { objectIdOf, projectIdOf } from './ids';
import { notThere } from './not-there';
import { REGION } from './regions';
import { type Status, statusOf } from './show-database';

export function appRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/apps/:app', handle: (call) => answerOne(api, call) },
    { method: 'delete', path: '/v1/apps/:app', handle: (call) => remove(api, call) },
    { method: 'get', path: '/v1/apps/:app/operations/:operation', handle: (call) => answerOperation(api, call) },
  ];
}

/** The database that is this app, by its id or its name. Throws `not_found`. */
export async function getApp(api: ApiContext, { request }: Call, access: Caller): Promise<StandingDatabase> {
  const database = await findDatabase(api, access, String(request.params.app));
  if (database === null) throw notThere('app');
  return database;
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  call.response.json({ app: showApp(await getApp(api, call, access), access) });
}

/** The name is asked for twice, so that nobody deletes what they did not mean. */
async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const database = await getApp(api, call, access);
  if (call.request.query.current_name !== database.name) {
    throw fieldError('invalid_request', 'current_name', 'should be the name of the app');
  }
  await refuseOtherPlace(api.store, access, database, String(call.request.params.app));
  await removeDatabase(api, access, database);
  call.response.status(204).end();
}

async function answerOperation(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const database = await getApp(api, call, access);
  const id = idOfUuid('action', String(call.request.params.operation));
  const action = id === null ? null : await api.store.actions.find(id);
  if (action === null || action.database_id !== database.id) throw notThere('operation');
  call.response.json({ operation: showOperation(action) });
}

const APP_STATUSES: Record<Status, string> = {
  creating: 'new',
  running: 'running',
  updating: 'running',
  stopped: 'stopped',
};

function showApp(database: StandingDatabase, access: Caller) {
  const { created_at, name, project, project_id } = database;
  const { fullname: _, ...owner } = showUser(access);
  return {
    id: objectIdOf(database),
    name,
    region: REGION,
    owner,
    project: { id: projectIdOf({ id: project_id }), name: project.name },
    status: APP_STATUSES[statusOf(database)],
    created_at,
    updated_at: null,
    last_deployed_at: null,
    last_deployed_by: '',
    git_url: '',
    url: '',
    base_url: '',
    links: { deployments_stream: '' },
    stack_id: '',
    sticky_session: false,
    force_https: false,
    router_logs: false,
    hds_resource: false,
    flags: {},
    limits: {},
  };
}

const OPERATION_STATUSES: Record<string, string> = {
  queued: 'pending',
  running: 'running',
  succeeded: 'done',
  failed: 'error',
  cancelled: 'error',
};

function showOperation({ created_at, ended_at, error_message, id, kind, state }: ActionWithSteps) {
  return {
    id: uuidOf(id),
    type: kind,
    status: OPERATION_STATUSES[state],
    created_at,
    finished_at: ended_at,
    error: withoutIds(error_message ?? ''),
  };
}
