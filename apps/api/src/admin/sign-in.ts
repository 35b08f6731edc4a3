// Signing in with a token. A wrong one and one that is no operator's are told apart: who has a token may know its scopes.
import { recordDeed } from '@berth/actions';
import { PlatformError, Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import { z } from 'zod';
import type { ApiContext } from '../dialects/dialect';
import { noteAccess } from '../http/access-log';
import { addressOf } from '../http/address';
import { readBody } from '../http/body';
import { refuseOtherSites } from '../http/other-sites';
import { parse } from '../http/parse';
import type { Refusals } from '../http/refusals';
import type { Call, Route } from '../http/route';
import { signInPage } from './pages';
import { startSession } from './session';

export const SIGN_IN_PATH = '/admin/sign-in';

const signInForm = z.strictObject({ token: z.string().transform((text) => new Secret(text.trim())) });

/** The form, and what it sends. Who signed in is led to `nextPath`. */
export function signInRoutes(api: ApiContext, refusals: Refusals, nextPath: string): Route[] {
  return [
    {
      method: 'get',
      path: SIGN_IN_PATH,
      handle: async ({ response }) => void response.type('html').send(signInPage(null)),
    },
    { method: 'post', path: SIGN_IN_PATH, handle: (call) => signIn(api, refusals, call, nextPath) },
  ];
}

async function signIn(api: ApiContext, refusals: Refusals, call: Call, nextPath: string): Promise<void> {
  const { request, response } = call;
  refuseOtherSites(request);
  const { token } = parse(signInForm, (await readBody(call, ['form'])) ?? {});
  const access = await api.store.accesses.findBearer(hashToken(token));
  if (access === null) await api.limits.countRefusal(addressOf(request));
  if (access === null) return refuse(refusals, call, new PlatformError('unauthenticated', 'This is no valid token.'));
  noteAccess(response, access);
  if (!access.scopes.includes('operator')) {
    return refuse(refusals, call, new PlatformError('missing_scope', 'This token lacks the scope operator.'));
  }
  await recordDeed(api, { ...access, address: addressOf(request) }, 'operator_sign_in', {});
  startSession(api, call, access);
  response.redirect(303, nextPath);
}

async function refuse(refusals: Refusals, { request, response }: Call, error: PlatformError): Promise<void> {
  await refusals.record(error, request, response);
  response
    .status(error.code === 'unauthenticated' ? 401 : 403)
    .type('html')
    .send(signInPage(error.message));
}
