// Databases. The first delete puts one into quarantine, where it is seen by those who may bring it back; a second one drops it.
import { type Caller, databaseCreate, databaseRemove, databaseRestore, updateDatabase } from '@berth/actions';
import { codeOf, PlatformError } from '@berth/core';
import type { StandingDatabase } from '@berth/store';
import { homeProject } from '../../http/projects';
import { askOverFailed } from '../../http/request-and-wait';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendNothing, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { type Fields, openFields, readFields } from './fields';
import { askedNumbers, askedText } from './filters';
import { parseNewDatabase } from './new-database';
import { askedPage, readPage } from './pages';
import { findProject } from './projects';
import { standingFor } from './reach';
import { showDatabase } from './show-database';
import { namedByTask, requestAndWait } from './wait';

export function databaseRoutes(api: ApiContext): Route[] {
  const change = (call: Call) => changeOne(api, call);
  return [
    { method: 'get', path: '/database/', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/database/', handle: (call) => create(api, call) },
    { method: 'get', path: '/database/:id/', handle: (call) => answerOne(api, call) },
    { method: 'put', path: '/database/:id/', handle: change },
    { method: 'patch', path: '/database/:id/', handle: change },
    { method: 'delete', path: '/database/:id/', handle: (call) => remove(api, call) },
  ];
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const name = askedText(call, 'name') ?? '';
  const numbers = askedNumbers(call, 'project', 'environment');
  const filter = { ...standingFor(access), numbers, ...(name !== '' && { name }) };
  const page = askedPage(call);
  const placed = await readPage(page, (skip, take) => api.store.standing.listDatabases(filter, skip, take));
  const home = await homeProject(api.store, access);
  const data = placed.data.map((each) => ({
    _links: { self: linkTo(call, `/database/${each.number}/`) },
    ...showDatabase(call, each, home),
  }));
  sendPage(call, 'database', page, { data, total: placed.total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  await sendDatabase(api, call, access, await getDatabase(api, call, access));
}

/** The finished database, or the one that is still being made, with its task. */
async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const input = await parseNewDatabase(api, access, await readFields(call));
  const ask = () => requestAndWait(api, call, databaseCreate, input, access);
  const action = await askOverFailed(api, access, input, ask).catch((error: unknown) => {
    throw codeOf(error) === 'name_taken' ? taken(input.name) : error;
  });
  const row = await api.store.databases.find(action.database_id ?? '');
  const database = row && (await api.store.standing.findDatabase(standingFor(access), row.number));
  if (!database) throw new PlatformError('contradicts', 'The database was deleted as soon as it was made.');
  call.response.set('Location', linkTo(call, `/database/${database.number}/`));
  await sendDatabase(api, call, access, database, 201);
}

/** Its project can be changed, and its quarantine ended; everything else is as it was made, whatever is sent. */
async function changeOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const fields = await readFields(call);
  const database = await getDatabase(api, call, access);
  const project = await askedProject(api, access, fields);
  if (fields.quarantine_dt === null && isLeaving(database)) {
    await requestAndWait(api, call, databaseRestore, { databaseId: database.id }, access);
  }
  if (project !== null && project !== database.project_id) {
    await updateDatabase(api, { databaseId: database.id, project }, access).catch(async (error: unknown) => {
      throw await namedByTask(api, error);
    });
  }
  await sendDatabase(api, call, access, await getDatabase(api, call, access));
}

/** What policy keeps is kept, and gone for those who do not see what is in quarantine: only who saw it there drops it. */
async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const { id, state } = await getDatabase(api, call, access);
  await requestAndWait(api, call, databaseRemove, { databaseId: id, wish: { keepSeenIn: state } }, access);
  sendNothing(call);
}

/** Throws `not_found`. */
async function getDatabase(api: ApiContext, { request }: Call, access: Caller): Promise<StandingDatabase> {
  const number = wholeNumberOf(request.params.id);
  const database = number === null ? null : await api.store.standing.findDatabase(standingFor(access), number);
  if (database === null) throw new PlatformError('not_found', 'There is no database of this id.');
  return database;
}

async function sendDatabase(api: ApiContext, call: Call, access: Caller, database: StandingDatabase, status = 200) {
  const home = await homeProject(api.store, access);
  sendOne(call, `/database/${database.number}/`, showDatabase(call, database, home), status);
}

/** The project to be in; null where the body says nothing of it. */
async function askedProject({ store }: ApiContext, access: Caller, fields: Fields): Promise<string | null> {
  if (fields.project === undefined) return null;
  const reader = openFields(fields);
  const project = await findProject(store, access, fields, reader);
  reader.close();
  return project?.id ?? null;
}

function isLeaving({ open, state }: StandingDatabase): boolean {
  return state === 'quarantined' || open?.kind === 'database_quarantine';
}

function taken(name: string): PlatformError {
  const message = `Database ${name} already exists in this environment, perhaps in quarantine.`;
  return new PlatformError('name_taken', message, { fields: [{ field: 'name', message }] });
}
