// Users of a database: the logins that may use it. A login that may use others as well is reset in all of them, and stays there when
// it is taken out of this one.
import { type Caller, credentialCreate, credentialReset, grantRemove, type WishedLogin } from '@berth/actions';
import { isEnded, PlatformError } from '@berth/core';
import type { ActionWithSteps, CredentialView, StandingDatabase } from '@berth/store';
import { isFailed, reasonOf, requestAndWait } from '../../http/request-and-wait';
import { findOpening } from '../../http/reveal';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticateForAddon } from './authenticate';
import { getByAddon } from './database-api';
import { type FieldReader, openFields, readFields } from './fields';
import { notThere } from './not-there';

/** What is not done in time goes on: who asks again joins it. */
const RETRY_AFTER_S = 5;
const LATER = 'The server takes longer than usual. It is being done: ask again.';

export function databaseUserRoutes(api: ApiContext): Route[] {
  const all = '/api/databases/:addon/users';
  const reset = (call: Call) => resetPassword(api, call);
  return [
    { method: 'get', path: all, handle: (call) => answerList(api, call) },
    { method: 'post', path: all, handle: (call) => create(api, call) },
    { method: 'delete', path: `${all}/:user`, handle: (call) => remove(api, call) },
    { method: 'post', path: `${all}/:user/reset_password`, handle: reset },
    { method: 'patch', path: `${all}/:user/reset_password`, handle: reset }, // as older versions of go-scalingo ask
  ];
}

/** Without passwords. */
async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticateForAddon(api, call, 'public');
  const database = await getByAddon(api, call, access);
  const users = await listUsers(api, database);
  call.response.json({ 'database-users': users.map((user) => show(user, database)) });
}

/** Throws `name_taken` where the database has one of that name; one that is being made is joined. */
async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticateForAddon(api, call, 'admin', 'credentials');
  const database = await getByAddon(api, call, access);
  const { fields } = await readFields(call, 'database_user');
  const reader = openFields(fields);
  const username = readLogin(reader);
  const role = reader.flag('read_only') ? 'readonly' : 'owner';
  if (reader.optionalText('password') ?? reader.optionalText('password_confirmation')) {
    reader.refuse('password', 'cannot be chosen: leave it out, and one is made');
  }
  reader.close();
  const action = await requestAndWait(api, call, credentialCreate, { databaseId: database.id, username, role }, access);
  await sendWithPassword(api, call, access, database, action, 201);
}

async function resetPassword(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticateForAddon(api, call, 'admin', 'credentials');
  const database = await getByAddon(api, call, access);
  const { id } = await getUser(api, call, database);
  const action = await requestAndWait(api, call, credentialReset, { credentialId: id, joins: true }, access);
  await sendWithPassword(api, call, access, database, action, 200);
}

/** The login goes with its last database. */
async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticateForAddon(api, call, 'admin');
  const database = await getByAddon(api, call, access);
  const { id: credentialId } = await getUser(api, call, database);
  refuseFailed(await requestAndWait(api, call, grantRemove, { credentialId, databaseId: database.id }, access));
  call.response.status(204).end();
}

/** Those that are there, or are being made, oldest first; one whose delete failed is there still. */
async function listUsers({ store }: ApiContext, { id }: StandingDatabase): Promise<CredentialView[]> {
  const all = (await store.credentials.listOfDatabase(id)).filter(({ state }) =>
    ['creating', 'active'].includes(state),
  );
  const leaving = await Promise.all(
    all.map(async (user) => {
      if (user.delete_accepted_at === null) return false;
      return (await store.actions.findOpenDelete({ credentialId: user.id })) !== null;
    }),
  );
  return all.filter((_, index) => leaving[index] === false);
}

/** By its name on the server. Throws `not_found`. */
async function getUser(api: ApiContext, { request }: Call, database: StandingDatabase): Promise<CredentialView> {
  const users = await listUsers(api, database);
  const user = users.find(({ engine_username }) => engine_username === request.params.user);
  if (user === undefined) throw notThere('user');
  return user;
}

const LOGIN_LENGTH_MAX = 32; // of MariaDB's names; the product tells no rule
const TAIL_LENGTH = 5;

/** A login of the name that is asked for; where somebody has it on the server, with the end of its id. */
function readLogin(reader: FieldReader): WishedLogin {
  const asked = reader.text('name');
  if (asked !== '' && (asked.length > LOGIN_LENGTH_MAX || !/^[a-z][a-z0-9_]*$/.test(asked))) {
    const rule = `at most ${LOGIN_LENGTH_MAX} lowercap letters, digits and underscores, beginning with a letter`;
    reader.refuse('name', `should have ${rule}`);
  }
  const kept = asked.slice(0, LOGIN_LENGTH_MAX - TAIL_LENGTH - 1);
  return { asked, other: (idTail) => `${kept}_${idTail.slice(-TAIL_LENGTH)}` };
}

async function sendWithPassword(
  api: ApiContext,
  call: Call,
  access: Caller,
  database: StandingDatabase,
  action: ActionWithSteps,
  status: number,
): Promise<void> {
  refuseFailed(action);
  if (!isEnded(action.state)) {
    call.response.status(503).set('Retry-After', String(RETRY_AFTER_S)).json({ error: LATER });
    return;
  }
  const user = await api.store.credentials.find(action.credential_id ?? '');
  const opening = user && (await findOpening(api, access, user, database.id));
  if (!user || !opening) throw new PlatformError('contradicts', 'The user was deleted as soon as that was done.');
  call.response.status(status).json({ database_user: { ...show(user, database), ...opening } });
}

/** Throws `contradicts`, with the engine's reason. */
function refuseFailed(action: ActionWithSteps): void {
  if (!isFailed(action)) return;
  throw new PlatformError('contradicts', reasonOf(action));
}

/** None is `protected`: clients refuse to reset one that is, and the first user has no other password to tell. */
function show({ engine_username, grants }: CredentialView, { id }: StandingDatabase) {
  const role = grants.find((grant) => grant.database_id === id)?.role;
  return { name: engine_username, read_only: role === 'readonly', protected: false };
}
