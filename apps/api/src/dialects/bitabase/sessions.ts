// Sessions: opened with an e-mail and a password, and asked who they are.
import { noteUse, openSession } from '@berth/actions';
import { type FieldProblem, isLogin, Secret, uuidOf } from '@berth/core';
import type { Access } from '@berth/store';
import { noteAccess } from '../../http/access-log';
import { addressOf } from '../../http/address';
import { proveLogin } from '../../http/basic';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { sendPretty } from './answer';
import { authenticate } from './authenticate';
import { readPosted, refuseProblems, textOf } from './fields';

export function sessionRoutes(api: ApiContext): Route[] {
  return [
    { method: 'post', path: '/sessions', handle: (call) => open(api, call) },
    { method: 'get', path: '/sessions/current', handle: (call) => answerCurrent(api, call) },
  ];
}

/** The secret is shown here, and never again. */
async function open(api: ApiContext, call: Call): Promise<void> {
  const body = await readPosted(call);
  const problems: FieldProblem[] = [];
  const email = textOf(body, 'email', problems);
  const password = new Secret(textOf(body, 'password', problems));
  refuseProblems(problems);
  const { request, response } = call;
  const address = addressOf(request);
  const login = await loginOf(api, email);
  const access = await proveLogin(api, { login, password }, address, 'unauthorised');
  noteAccess(response, access);
  await api.limits.countRequest(access.id);
  noteUse(api.store, access, api.clock.now());
  const { secret, session } = await openSession(api, { ...access, address });
  sendPretty(response, 200, { ...showSession(session), sessionSecret: secret.reveal(), user: showUser(access) });
}

/** As operators made it, letter by letter; else in lower case, as they are kept who sign up. */
async function loginOf({ store }: ApiContext, email: string): Promise<string> {
  const isThere = isLogin(email) && (await store.accesses.findBasic(email)) !== null;
  return isThere ? email : email.toLowerCase();
}

async function answerCurrent(api: ApiContext, call: Call): Promise<void> {
  const { access, session } = await authenticate(api, call);
  sendPretty(call.response, 200, { ...showSession(session), user: showUser(access) });
}

function showSession({ id }: Access) {
  return { sessionId: uuidOf(id) };
}

function showUser({ created_at, id, login, person }: Access) {
  return { id: uuidOf(id), email: login ?? person, date_created: created_at.getTime() };
}
