// Servers: registered by operators, and looked at before anything is placed on them. Admin access goes in and never out.
import { request as requestAction, serverPreflight } from '@berth/actions';
import { Secret } from '@berth/core';
import type { ServerView } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { readOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { answerAccepted } from './accepted';
import { authenticate, OPERATE } from './authenticate';
import { newName, nothing, pageOf, pageQuery, reference, showPage } from './fields';
import { getServer } from './reach';

const ADMIN_URL_LENGTH_MAX = 2_000;

const newServer = z.strictObject({
  name: newName,
  engine: reference,
  pool: reference,
  admin_url: z
    .string()
    .max(ADMIN_URL_LENGTH_MAX, `may have ${ADMIN_URL_LENGTH_MAX} characters`)
    .transform((url) => new Secret(url)),
  size_bytes_max: z.int().min(1).optional(),
});

const listQuery = z.strictObject(pageQuery);

export function serverRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/servers', handle: (call) => listServers(api, call) },
    { method: 'post', path: '/servers', handle: (call) => registerServer(api, call) },
    { method: 'get', path: '/servers/:id', handle: (call) => showServerOf(api, call) },
    { method: 'post', path: '/servers/:id/preflight', handle: (call) => preflightServer(api, call) },
  ];
}

async function listServers(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  const query = parse(listQuery, call.request.query);
  call.response.json(showPage(await api.store.servers.list({}, pageOf(query)), showServer));
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
    sizeBytesMax: asked.size_bytes_max === undefined ? null : BigInt(asked.size_bytes_max),
  };
  const once = readOnce(call);
  const action = await requestAction(api, serverPreflight, { register }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, action.server_id));
}

async function showServerOf(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  call.response.json(showServer(await getServer(api.store, call.request.params.id)));
}

async function preflightServer(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  parse(nothing, (await readBody(call)) ?? {});
  const { id } = await getServer(api.store, call.request.params.id);
  const once = readOnce(call);
  const action = await requestAction(api, serverPreflight, { serverId: id }, access, once);
  await answerAccepted(api, call, { access, once }, action, () => showFresh(api, id));
}

async function showFresh(api: ApiContext, id: string) {
  return { server: showServer(await getServer(api.store, id)) };
}

/** A server as operators see it. The admin login is not shown to anybody. */
function showServer(server: ServerView) {
  return {
    id: server.id,
    number: server.number,
    name: server.name,
    engine: server.engine,
    pool: server.pool.name,
    environment: server.pool.environment.name,
    host: server.host,
    port: server.port,
    tls: server.tls,
    state: server.state,
    version: server.version,
    size_bytes_max: server.size_bytes_max === null ? null : Number(server.size_bytes_max),
    connections_max: server.connections_max,
    created_at: server.created_at,
    checked_at: server.checked_at,
  };
}
