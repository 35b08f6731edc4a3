// Servers: registered and run by operators, and looked at before anything is placed on them. Admin access goes in and never out.
import { deleteServer, request as requestAction, serverPreflight, showServer, updateServer } from '@berth/actions';
import { PlatformError, SERVER_STATES, Secret, unknownReference } from '@berth/core';
import type { Store } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce, readOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { answerAccepted } from './accepted';
import { authenticate, OPERATE } from './authenticate';
import { changed, GONE } from './created';
import { changeOf, fixed, newName, nothing, pageOf, pageQuery, reference, showPage, sizeBytes } from './fields';
import { environmentIdOf, getServer, idOfPath } from './reach';

const ADMIN_URL_LENGTH_MAX = 2_000;

const adminUrl = z
  .string()
  .max(ADMIN_URL_LENGTH_MAX, `may have ${ADMIN_URL_LENGTH_MAX} characters`)
  .transform((url) => new Secret(url));

const newServer = z.strictObject({
  name: newName,
  engine: reference,
  pool: reference,
  admin_url: adminUrl,
  size_bytes_max: sizeBytes.exactOptional(),
});

const OPERATED_STATES = ['active', 'draining', 'offline'] as const;

const serverChange = changeOf({
  name: newName.exactOptional(),
  engine: fixed('register it as another server'),
  pool: reference.exactOptional(),
  size_bytes_max: sizeBytes.nullable().exactOptional(),
  state: z.enum(OPERATED_STATES).exactOptional(),
  admin_url: adminUrl.exactOptional(),
});

const listQuery = z.strictObject({
  ...pageQuery,
  engine: reference.exactOptional(),
  name: reference.exactOptional(),
  state: z.enum(SERVER_STATES).exactOptional(),
  pool: reference.exactOptional(),
  environment: reference.exactOptional(),
});

export function serverRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/servers', handle: (call) => listServers(api, call) },
    { method: 'post', path: '/servers', handle: (call) => registerServer(api, call) },
    { method: 'get', path: '/servers/:id', handle: (call) => showServerOf(api, call) },
    { method: 'patch', path: '/servers/:id', handle: (call) => changeServer(api, call) },
    { method: 'delete', path: '/servers/:id', handle: (call) => removeServer(api, call) },
    { method: 'post', path: '/servers/:id/preflight', handle: (call) => preflightServer(api, call) },
  ];
}

async function listServers(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  const { cursor, environment, limit, pool, ...asked } = parse(listQuery, call.request.query);
  const filter = {
    ...asked,
    ...(pool !== undefined && { poolId: await poolIdOf(api.store, pool) }),
    ...(environment !== undefined && { environmentId: await environmentIdOf(api.store, access, environment) }),
  };
  call.response.json(showPage(await api.store.servers.list(filter, pageOf({ cursor, limit })), showServer));
}

async function registerServer(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const asked = parse(newServer, (await readBody(call)) ?? {});
  const register = {
    name: asked.name,
    engine: asked.engine,
    pool: asked.pool,
    adminUrl: asked.admin_url,
    sizeBytesMax: asked.size_bytes_max ?? null,
  };
  const once = readOnce(api, call);
  const action = await requestAction(api, serverPreflight, { register }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, action.server_id));
}

async function showServerOf(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  call.response.json(showServer(await getServer(api.store, call.request.params.id)));
}

/** At once; but another admin login is tried first, by a preflight, and answered like a registration. */
async function changeServer(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const { admin_url, engine: _, ...change } = parse(serverChange, (await readBody(call)) ?? {});
  const id = idOfPath('server', call.request.params.id);
  if (admin_url === undefined) {
    return answerOnce(api, call, caller, async (asked) =>
      changed(showServer(await updateServer(api, asked, id, change))),
    );
  }
  const others = Object.keys(change);
  if (others.length > 0) {
    const fields = ['admin_url', ...others].map((field) => ({ field, message: 'change admin_url by itself' }));
    throw new PlatformError('disagree', 'admin_url is tried by a preflight; change the rest before or after.', {
      fields,
    });
  }
  const input = { change: { serverId: id, adminUrl: admin_url } };
  const once = readOnce(api, call);
  const action = await requestAction(api, serverPreflight, input, caller, once);
  await answerAccepted(api, call, { access: caller, once }, action, () => showFresh(api, id));
}

async function removeServer(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('server', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deleteServer(api, asked, id);
    return GONE;
  });
}

async function poolIdOf(store: Store, asked: string): Promise<string> {
  const pool = await store.catalog.findPool(asked);
  if (pool === null) throw unknownReference('pool', asked);
  return pool.id;
}

async function preflightServer(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getServer(api.store, call.request.params.id);
  const once = readOnce(api, call);
  const action = await requestAction(api, serverPreflight, { serverId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, id));
}

async function showFresh(api: ApiContext, id: string) {
  return { server: showServer(await getServer(api.store, id)) };
}
