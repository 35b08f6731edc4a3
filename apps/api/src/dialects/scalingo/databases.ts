// Databases. A create does not wait: clients look at the status. A delete is for good, as far as its client sees.
import { type Caller, databaseCreate, databaseRemove, request } from '@berth/actions';
import { codeOf, PlatformError } from '@berth/core';
import type { StandingDatabase } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { refuseOtherPlace } from '../../http/standing';
import type { ApiContext } from '../dialect';
import { authenticate } from './authenticate';
import { readFields } from './fields';
import { findByOwnId, findDatabase, listDatabases } from './find-database';
import { parseNewDatabase } from './new-database';
import { noDatabase } from './not-there';
import { showDatabase } from './show-database';

export function databaseRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/databases', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/v1/databases', handle: (call) => create(api, call) },
    { method: 'get', path: '/v1/databases/:database', handle: (call) => answerOne(api, call) },
    { method: 'delete', path: '/v1/databases/:database', handle: (call) => remove(api, call) },
  ];
}

/** Deletes it for this product's clients. Safe to repeat and to race. Throws `protected`. */
export async function removeDatabase(api: ApiContext, access: Caller, { id }: StandingDatabase): Promise<void> {
  await request(api, databaseRemove, { databaseId: id, wish: { goneIn: 'scalingo' } }, access).catch(
    async (error: unknown) => {
      const isGone = codeOf(error) === 'contradicts' && (await findByOwnId(api, access, id)) === null;
      if (!isGone) throw error; // another delete was first
    },
  );
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  call.response.json({ databases: (await listDatabases(api, access)).map(showDatabase) });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  call.response.json({ database: showDatabase(await getDatabase(api, call, access)) });
}

/** `apps` is what npm's client unwraps; who asked without a root reads the fields without one (go-scalingo). */
async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const { fields, isRooted } = await readFields(call, 'database');
  const { database_id } = await request(api, databaseCreate, await parseNewDatabase(api, access, fields), access);
  const made = await findByOwnId(api, access, database_id ?? '');
  if (made === null) throw new PlatformError('contradicts', 'The database was deleted as soon as it was made.');
  const database = showDatabase(made);
  call.response.status(201).json({ database, apps: database, ...(!isRooted && database) });
}

async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const database = await getDatabase(api, call, access);
  await refuseOtherPlace(api.store, access, database, String(call.request.params.database));
  await removeDatabase(api, access, database);
  call.response.status(204).end();
}

/** Throws `not_found`. */
async function getDatabase(api: ApiContext, { request: asked }: Call, access: Caller): Promise<StandingDatabase> {
  const database = await findDatabase(api, access, String(asked.params.database));
  if (database === null) throw noDatabase();
  return database;
}
