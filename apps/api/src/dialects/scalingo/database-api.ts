// The Database API of one database: its status, for which clients wait, and where it is.
import type { Caller } from '@berth/actions';
import { uuidOf } from '@berth/core';
import type { StandingDatabase } from '@berth/store';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticateForAddon } from './authenticate';
import { findByAddon } from './find-database';
import { objectIdOf } from './ids';
import { notThere } from './not-there';
import { type Status, statusOf } from './show-database';

export function databaseApiRoutes(api: ApiContext): Route[] {
  return [{ method: 'get', path: '/api/databases/:addon', handle: (call) => answerOne(api, call) }];
}

/** The database of this addon. Throws `not_found`. */
export async function getByAddon(api: ApiContext, { request }: Call, access: Caller): Promise<StandingDatabase> {
  const database = await findByAddon(api, access, String(request.params.addon));
  if (database === null) throw notThere('database');
  return database;
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticateForAddon(api, call, 'public');
  call.response.json({ database: show(await getByAddon(api, call, access)) });
}

const INSTANCE_STATUSES: Record<Status, string> = {
  creating: 'booting',
  running: 'running',
  updating: 'running',
  stopped: 'stopped',
};

/** What Berth does not know of its servers is null: clients in Go read that as nothing, and would stumble over an empty time. */
function show(database: StandingDatabase) {
  const { created_at, engine, engine_name, name, open, plan, server, server_version } = database;
  const id = objectIdOf(database);
  const status = statusOf(database);
  return {
    id,
    resource_id: engine_name,
    app_name: name,
    created_at,
    encryption_at_rest: null,
    features: [],
    plan: plan.name,
    status,
    type_id: engine,
    type_name: engine,
    version_id: server_version,
    readable_version: server_version,
    next_version_id: null,
    mongo_repl_set_name: null,
    hostname: server.host,
    instances: [
      {
        id,
        hostname: server.host,
        port: server.port,
        status: INSTANCE_STATUSES[status],
        type: 'db-node',
        features: [],
        private_ip: null,
      },
    ],
    current_operation_id: open === null ? null : uuidOf(open.id),
    cluster: null,
    periodic_backups_enabled: false,
    periodic_backups_scheduled_at: [],
    maintenance_window: null,
  };
}
