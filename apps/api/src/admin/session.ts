// An operator's session: a cookie that holds no token, only which access signed in and until when, sealed by the key
// ring, so that every API process can read it and nobody else can make one. The access is looked at with each request:
// revoking it ends its sessions.
import { type Caller, noteUse } from '@berth/actions';
import { PlatformError, Secret } from '@berth/core';
import type { Access } from '@berth/store';
import type { Request } from 'express';
import { z } from 'zod';
import type { ApiContext } from '../dialects/dialect';
import { noteAccess } from '../http/access-log';
import { addressOf } from '../http/address';
import { getBearerAccess, readBearer, requireScope } from '../http/bearer';
import { refuseOtherSites } from '../http/other-sites';
import type { Call } from '../http/route';

const COOKIE = 'berth_session';
const COOKIE_PATH = '/admin';
const SESSION_MS = 8 * 60 * 60 * 1000; // a working day
const SEAL_CONTEXT = 'admin/session';

const content = z.strictObject({ accessId: z.string(), expiresAtMs: z.number() });

/** Gives the browser a session of this access. */
export function startSession({ clock, keyRing }: ApiContext, { request, response }: Call, access: Access): void {
  const expiresAtMs = clock.now().getTime() + SESSION_MS;
  const sealed = keyRing.seal(new Secret(JSON.stringify({ accessId: access.id, expiresAtMs })), SEAL_CONTEXT);
  response.cookie(COOKIE, sealed, {
    httpOnly: true,
    sameSite: 'strict',
    secure: isHttps(request),
    path: COOKIE_PATH,
    maxAge: SESSION_MS,
  });
}

/**
 * The operator who calls, by `Authorization: Bearer` or by session. Null for a browser that has neither. Throws
 * `unauthenticated` for a program that has neither, `missing_scope` for who is no operator or comes from another site.
 */
export async function authenticateOperator(api: ApiContext, call: Call): Promise<Caller | null> {
  const { request, response } = call;
  const access =
    readBearer(request) === null ? await findSessionAccess(api, call) : await getBearerAccess(api, request, response);
  if (access !== null) {
    requireScope(access, 'operator');
    return access;
  }
  if (request.accepts(['html', 'json']) === 'html') return null;
  throw new PlatformError('unauthenticated', 'Sign in at /admin/sign-in, or send a token.');
}

async function findSessionAccess({ clock, keyRing, store }: ApiContext, call: Call): Promise<Caller | null> {
  const { request, response } = call;
  const session = openSession(() => keyRing.open(readCookie(request), SEAL_CONTEXT));
  const now = clock.now();
  if (session === null || session.expiresAtMs <= now.getTime()) return null;
  const access = await store.accesses.find(session.accessId);
  if (access === null || access.revoked_at !== null) return null;
  if (access.expires_at !== null && access.expires_at <= now) return null;
  if (!['GET', 'HEAD'].includes(request.method)) refuseOtherSites(request);
  noteAccess(response, access);
  noteUse(store, access, now);
  return { ...access, address: addressOf(request) };
}

/** Null for a cookie that is not there, was changed, or is sealed with a key that is gone: all of them mean signing in. */
function openSession(open: () => Secret): z.infer<typeof content> | null {
  try {
    return content.parse(JSON.parse(open().reveal()));
  } catch {
    return null;
  }
}

function readCookie(request: Request): string {
  const cookies = (request.get('cookie') ?? '').split(';').map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
}

/** TLS may end in front of this process. */
function isHttps(request: Request): boolean {
  return request.secure || request.get('x-forwarded-proto') === 'https';
}
