// Databases: the list, a query, one by its id or its `_rid`, a create and a delete that wait ten seconds.
import { type Caller, databaseRemove } from '@berth/actions';
import { codeOf, PlatformError } from '@berth/core';
import type { ActionWithSteps, StandingDatabase } from '@berth/store';
import type { Request } from 'express';
import { isFailed, reasonOf, requestAndWait } from '../../http/request-and-wait';
import type { Call, Route } from '../../http/route';
import { findNamed, refuseOtherPlace, standingFor } from '../../http/standing';
import { send, sendNothing } from './answer';
import { authenticate, type CosmosContext } from './authenticate';
import { isKnown, refuseOther } from './conditions';
import { findDatabase } from './find-database';
import { createAndWait, readNewId } from './new-database';
import { askedPage } from './pages';
import { readQuery } from './query';
import { numberOfResourceId } from './resource-id';
import { etagOf, showDatabase } from './show-database';
import type { Target } from './signature';

export function databaseRoutes(api: CosmosContext): Route[] {
  return [
    { method: 'get', path: '/dbs', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/dbs', handle: (call) => (isQuery(call) ? answerQuery(api, call) : create(api, call)) },
    { method: 'get', path: '/dbs/:id', handle: (call) => answerOne(api, call) },
    { method: 'delete', path: '/dbs/:id', handle: (call) => remove(api, call) },
  ];
}

const FEED: Target = { resourceType: 'dbs', resourceLinks: [''] };

function isQuery({ request }: Call): boolean {
  return request.get('x-ms-documentdb-isquery')?.toLowerCase() === 'true';
}

async function answerList(api: CosmosContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, FEED, 'public');
  await sendPage(api, call, access);
}

async function answerQuery(api: CosmosContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, FEED, 'public');
  const { id } = await readQuery(call);
  if (id === null) return sendPage(api, call, access);
  const found = await findNamed(api.store, access, standingFor(access), id);
  await sendFeed(api, call, access, found === null ? [] : [found]);
}

async function answerOne(api: CosmosContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, oneOf(call), 'public');
  const database = await getDatabase(api, call, access);
  const etag = etagOf(database);
  call.response.set('ETag', etag);
  if (isKnown(call, etag)) sendNothing(call, 304);
  else send(call, 200, showDatabase(database));
}

/** The finished database, or after ten seconds the one that is being made: the product's resource has no state to tell them apart. */
async function create(api: CosmosContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, FEED, 'admin');
  const action = await createAndWait(api, call, access, await readNewId(call));
  const database = isFailed(action) ? null : await api.store.databases.find(action.database_id ?? '');
  if (database === null) throw notDone(action);
  call.response.set('ETag', etagOf(database));
  send(call, 201, showDatabase(database));
}

/** Gone for its client at once, whatever BERTH_HIDDEN_QUARANTINE keeps. */
async function remove(api: CosmosContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, oneOf(call), 'admin');
  const database = await getDatabase(api, call, access);
  await refuseOtherPlace(api.store, access, database, idOf(call.request));
  refuseOther(call, etagOf(database));
  const input = { databaseId: database.id, wish: { goneIn: 'cosmos' } };
  const action = await requestAndWait(api, call, databaseRemove, input, access).catch((error: unknown) => {
    throw codeOf(error) === 'contradicts' ? notThere() : error; // somebody else deletes it: for clients it is gone
  });
  if (isFailed(action)) throw notDone(action);
  sendNothing(call, 204);
}

/** Signed by its path, or, as clients do that address by `_rid`, by that alone in lower case. */
function oneOf({ request }: Call): Target {
  const id = idOf(request);
  const byResourceId = numberOfResourceId(id) === null ? [] : [id.toLowerCase()];
  return { resourceType: 'dbs', resourceLinks: [`dbs/${id}`, ...byResourceId] };
}

function idOf({ params }: Request): string {
  return typeof params.id === 'string' ? params.id : '';
}

/** Throws `not_found`. */
async function getDatabase({ store }: CosmosContext, { request }: Call, access: Caller): Promise<StandingDatabase> {
  const database = await findDatabase(store, access, idOf(request));
  if (database === null) throw notThere();
  return database;
}

function notThere(): PlatformError {
  return new PlatformError('not_found', 'There is no database of this id.');
}

function notDone(action: ActionWithSteps): PlatformError {
  return new PlatformError('engine_refused', reasonOf(action));
}

/** One page, oldest first, and where the next one begins when there is one. */
async function sendPage(api: CosmosContext, call: Call, access: Caller): Promise<void> {
  const { after, take } = await askedPage(api.store, access, call);
  const found = await api.store.standing.listDatabasesAfter(standingFor(access), after, take + 1);
  const page = found.slice(0, take);
  const last = page.at(-1);
  if (found.length > take && last !== undefined) call.response.set('x-ms-continuation', showDatabase(last)._rid);
  await sendFeed(api, call, access, page);
}

async function sendFeed(api: CosmosContext, call: Call, access: Caller, databases: StandingDatabase[]): Promise<void> {
  const [team, { total }] = await Promise.all([
    api.store.teams.find(access.team_id),
    api.store.standing.listDatabases(standingFor(access), 0, 0),
  ]);
  const quota = team?.database_quota ?? null;
  if (quota !== null) call.response.set('x-ms-resource-quota', `databases=${quota};`);
  call.response.set({ 'x-ms-resource-usage': `databases=${total};`, 'x-ms-item-count': String(databases.length) });
  send(call, 200, { _rid: '', Databases: databases.map(showDatabase), _count: databases.length });
}
