// Server groups: each is one server of the stack's environment. Creating a database in one pins it to that server.
import { isId, PlatformError } from '@berth/core';
import type { Access, ServerView, Store } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { askedPage, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { getStack, type Stack } from './stacks';
import { timestampOf } from './timestamp';

/** A stack and a server group of it, as the path names them. */
export interface Group {
  stack: Stack;
  server: ServerView;
}

export function serverGroupRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/stacks/:stack_id/server_groups', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/stacks/:stack_id/server_groups/:id', handle: (call) => answerOne(api, call) },
  ];
}

/** The group in whose databases a path lies. Throws `not_found`. */
export async function getDatabaseGroup(store: Store, access: Access, { request }: Call): Promise<Group> {
  const { stack_id: uid, server_group_id: id } = request.params;
  return getGroup(store, access, String(uid), String(id));
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const { environment } = await getStack(api.store, access, String(call.request.params.stack_id));
  const page = askedPage(call);
  const { data, total } = await api.store.servers.listByPlace(environment.id, page.skip, page.take);
  sendPage(call, page, { data: data.map(viewOf), total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const { stack_id: uid, id } = call.request.params;
  const { server } = await getGroup(api.store, access, String(uid), String(id));
  sendOne(call, viewOf(server));
}

async function getGroup(store: Store, access: Access, uid: string, id: string): Promise<Group> {
  const stack = await getStack(store, access, uid);
  const server = await findServer(store, id);
  if (server === null || server.pool.environment_id !== stack.environment.id) {
    throw new PlatformError('not_found', 'There is no server group of this id in this stack.');
  }
  return { stack, server };
}

/** The product's ids are numbers, which its documentation types as text; our own ids do as well. */
async function findServer(store: Store, id: string): Promise<ServerView | null> {
  if (isId('server', id)) return store.servers.find(id);
  const number = wholeNumberOf(id);
  return number === null ? null : store.servers.findByNumber(number);
}

function viewOf(server: ServerView) {
  return {
    id: server.number,
    name: server.name,
    type: server.engine,
    created_at: timestampOf(server.created_at),
    updated_at: timestampOf(server.checked_at ?? server.created_at),
  };
}
