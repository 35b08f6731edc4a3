// Databases: made and listed. Nobody waits here, and nobody can delete: what cannot be made goes by itself, and its name is free.
import { type Caller, type DatabaseCreateInput, databaseCreate, request } from '@berth/actions';
import { uuidOf } from '@berth/core';
import type { ActionWithSteps, StandingDatabase } from '@berth/store';
import { everyDatabase } from '../../http/every-database';
import { homeProject } from '../../http/projects';
import { askOverFailed } from '../../http/request-and-wait';
import type { Call, Route } from '../../http/route';
import { standingFor } from '../../http/standing';
import type { ApiContext } from '../dialect';
import { sendCompact } from './answer';
import { authenticate } from './authenticate';
import { readPosted } from './fields';
import { readName } from './names';

export function databaseRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/databases', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/databases', handle: (call) => create(api, call) },
  ];
}

/** All of them, oldest first: the product knows no pages. */
async function answerList(api: ApiContext, call: Call): Promise<void> {
  const { access } = await authenticate(api, call, 'public');
  sendCompact(call, 200, (await everyDatabase(api.store, standingFor(access))).map(show));
}

/** A wrong name is told before who calls is known, as the product has it. */
async function create(api: ApiContext, call: Call): Promise<void> {
  const name = readName(await readPosted(call));
  const { access } = await authenticate(api, call, 'admin');
  const { database_id } = await requestDatabase(api, access, name);
  sendCompact(call, 201, { id: uuidOf(database_id ?? ''), name });
}

/** Throws `name_taken`; what a failed create of this login's left is no hindrance. */
async function requestDatabase(api: ApiContext, access: Caller, name: string): Promise<ActionWithSteps> {
  const project = (await homeProject(api.store, access))?.id;
  const input: DatabaseCreateInput = { name, project, mayBeReserved: true, ownerLogin: 'auto', dropWhenFailed: true };
  const environment = access.default_environment_id ?? access.limit_environment_id ?? undefined;
  return askOverFailed(api, access, { environment, name }, () => request(api, databaseCreate, input, access));
}

/** There are no collections, and so no reads and writes of any: documents are no business of Berth's. */
function show({ created_at, id, name, size_bytes, state }: StandingDatabase) {
  return {
    id: uuidOf(id),
    name,
    total_reads: 0,
    total_writes: 0,
    total_space: Number(size_bytes ?? 0), // as it was measured last
    total_collections: 0,
    date_created: created_at.getTime(),
    status: state,
  };
}
