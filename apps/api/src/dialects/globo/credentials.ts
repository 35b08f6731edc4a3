// Credentials: each is one login's grant on one database. A login that has others is reset in all of them, and stays there
// when this one is deleted.
import { type Caller, credentialCreate, credentialReset, grantRemove } from '@berth/actions';
import { codeOf, isEnded, PlatformError } from '@berth/core';
import type { ActionWithSteps, CredentialView, StandingGrant } from '@berth/store';
import { askedUrl } from '../../http/links';
import { noteDeed } from '../../http/refusals';
import { findOpening } from '../../http/reveal';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, send, sendNothing, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { openFields, readFields } from './fields';
import { askedNumbers } from './filters';
import { wishedLogin } from './new-database';
import { askedPage, readPage } from './pages';
import { standingFor } from './reach';
import { taskUrl } from './tasks';
import { requestAndWait } from './wait';

/** What is not done in time goes on: who asks again joins it. */
const RETRY_AFTER_S = 5;

export function credentialRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/credential/', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/credential/', handle: (call) => create(api, call) },
    { method: 'get', path: '/credential/:id/', handle: (call) => answerOne(api, call) },
    { method: 'delete', path: '/credential/:id/', handle: (call) => remove(api, call) },
    { method: 'post', path: '/credential/:id/reset_password/', handle: (call) => reset(api, call) },
  ];
}

/** Without passwords. */
async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const page = askedPage(call);
  const numbers = askedNumbers(call, 'database');
  const { data, total } = await readPage(page, (skip, take) => {
    return api.store.standing.listGrants({ ...standingFor(access), numbers }, skip, take);
  });
  const shown = data.map((each) => ({ _links: { self: urlOf(call, each) }, ...show(call, each) }));
  sendPage(call, 'credential', page, { data: shown, total });
}

/** To show a password is a deed: its refusal is recorded as a write's is. */
async function answerOne(api: ApiContext, call: Call): Promise<void> {
  noteDeed(call.response);
  const access = await authenticate(api, call, 'public', 'credentials');
  await sendWithPassword(api, call, access, await getGrant(api, call, access));
}

/** Throws `name_taken` where the database has a login of that name; one that is being made is joined. */
async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin', 'credentials');
  const reader = openFields(await readFields(call));
  const asked = reader.text('user');
  const username = wishedLogin(asked);
  if (asked !== '' && username.asked === '') reader.refuse('user', 'Enter a name with a letter or a digit in it.');
  const { findDatabase } = api.store.standing;
  const database = await reader.link('database', 'database', (number) => findDatabase(standingFor(access), number));
  reader.close();
  const input = { databaseId: database?.id ?? '', username };
  const action = await requestAndWait(api, call, credentialCreate, input, access).catch((error: unknown) => {
    throw codeOf(error) === 'name_taken' ? taken() : error;
  });
  if (!isEnded(action.state)) return sendLater(call, action);
  const { grants } = await getCredential(api, action.credential_id);
  const number = grants.find((each) => each.database_id === input.databaseId)?.number ?? 0; // one that is joined may have others
  const grant = await api.store.standing.findGrant(standingFor(access), number);
  if (grant === null) throw new PlatformError('contradicts', 'The credential was deleted as soon as it was made.');
  call.response.set('Location', urlOf(call, grant));
  await sendWithPassword(api, call, access, grant, 201);
}

async function reset(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin', 'credentials');
  const grant = await getGrant(api, call, access);
  const input = { credentialId: grant.credential_id, joins: true } as const;
  const action = await requestAndWait(api, call, credentialReset, input, access);
  if (!isEnded(action.state)) return sendLater(call, action);
  await sendWithPassword(api, call, access, grant);
}

/** The login goes with its last grant. */
async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const grant = await getGrant(api, call, access);
  const { credential_id: credentialId, database_id: databaseId } = grant;
  await requestAndWait(api, call, grantRemove, { credentialId, databaseId }, access);
  sendNothing(call);
}

/** Throws `not_found`. */
async function getGrant({ store }: ApiContext, { request }: Call, access: Caller): Promise<StandingGrant> {
  const number = wholeNumberOf(request.params.id);
  const grant = number === null ? null : await store.standing.findGrant(standingFor(access), number);
  if (grant === null) throw new PlatformError('not_found', 'There is no credential of this id.');
  return grant;
}

async function getCredential({ store }: ApiContext, id: string | null): Promise<CredentialView> {
  const credential = id === null ? null : await store.credentials.find(id);
  if (credential === null) throw new PlatformError('not_found', 'There is no credential of this id.');
  return credential;
}

/** The password is null while the login opens nothing: before it is made, and in quarantine. */
async function sendWithPassword(api: ApiContext, call: Call, access: Caller, grant: StandingGrant, status = 200) {
  const credential = await getCredential(api, grant.credential_id);
  const password = (await findOpening(api, access, credential, grant.database_id))?.password ?? null;
  sendOne(call, `/credential/${grant.number}/`, { ...show(call, grant), password }, status);
}

function sendLater(call: Call, { id }: ActionWithSteps): void {
  call.response.set('Retry-After', String(RETRY_AFTER_S));
  const detail = 'The server takes longer than usual. It is being done; ask again, or look at the task.';
  const { request, response } = call;
  send(request, response, 503, { _links: { self: askedUrl(request) }, detail, task: taskUrl(call, id) });
}

function show(call: Call, grant: StandingGrant) {
  return {
    id: grant.number,
    user: grant.username,
    database: linkTo(call, `/database/${grant.database_number}/`),
  };
}

function urlOf(call: Call, { number }: StandingGrant): string {
  return linkTo(call, `/credential/${number}/`);
}

function taken(): PlatformError {
  const message = 'Credential with this User name and Database already exists.';
  return new PlatformError('name_taken', message, { fields: [{ field: '__all__', message }] });
}
