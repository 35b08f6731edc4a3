// Servers that are registered: changed and taken out by operators. A new admin login is the preflight's business.
import { fieldError, PlatformError, type ServerState } from '@berth/core';
import type { Nouns, OperatedState, PoolView, Server, ServerView } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { audited, existing, held, refuseUses } from './audited';
import { showServer } from './show';

export interface ServerChange {
  name?: string;
  pool?: string;
  size_bytes_max?: bigint | null;
  state?: OperatedState;
}

/**
 * Throws `not_found`, `name_taken`, `unknown_reference`, `disagree` (a pool of another engine), `in_use` (a pool of another
 * environment, while there are databases), `contradicts` (a server that was never looked at is not put to use).
 */
export async function updateServer(
  context: Context,
  caller: Caller,
  id: string,
  { pool: askedPool, state, ...fields }: ServerChange,
): Promise<ServerView> {
  const { server } = await audited(context, caller, 'server_update', async (tx) => {
    const pool = askedPool === undefined ? null : await findPool(tx, askedPool);
    const locked = existing('server', id, await tx.servers.lockWithPool(id, pool?.id ?? null));
    const before = existing('server', id, await tx.servers.find(id));
    if (pool !== null) await refuseMove(tx, before, pool);
    if (state !== undefined) refuseUnchecked(locked, state);
    await tx.servers.update(id, { ...fields, ...(pool !== null && { pool_id: pool.id }) });
    if (state !== undefined) await tx.servers.turn(id, state);
    const server = existing('server', id, await tx.servers.find(id));
    return { server, teamId: null, subjectId: id, before: showServer(before), after: showServer(server) };
  });
  return server;
}

/**
 * Berth forgets the server and its admin login, and leaves everything on it as it is. Throws `not_found`; `in_use` while
 * databases or logins are on it; `contradicts`, naming the action, while a worker looks at it.
 */
export async function deleteServer(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'server_delete', async (tx) => {
    existing('server', id, await tx.servers.lockWithPool(id, null));
    const server = existing('server', id, await tx.servers.find(id));
    refuseUses(`server ${server.name}`, await tx.servers.listUses(id), 'Delete these first.');
    for (const action of await tx.actions.listOpenOfServer(id)) {
      if ((await tx.actions.cancel(action.id)) === null) throw stands(action.id, server);
    }
    await tx.servers.remove(id);
    return { teamId: null, subjectId: id, before: showServer(server), after: null };
  });
}

async function findPool(tx: Nouns, asked: string): Promise<PoolView> {
  const found = await tx.catalog.findPool(asked);
  const { id } = await held(tx.pools, 'pool', asked, found);
  return existing('pool', id, await tx.pools.find(id));
}

async function refuseMove(tx: Nouns, server: ServerView, pool: PoolView): Promise<void> {
  if (pool.engine !== server.engine) {
    const message = `Pool ${pool.name} holds ${pool.engine} servers, not ${server.engine}.`;
    throw fieldError('disagree', 'pool', message);
  }
  if (pool.environment_id === server.pool.environment_id) return;
  const remedy = `They are of ${server.pool.environment.name}, and pool ${pool.name} is of ${pool.environment.name}.`;
  refuseUses(`server ${server.name}`, await tx.servers.listUses(server.id), remedy);
}

function refuseUnchecked(server: Server, state: ServerState): void {
  if (state === 'offline' || server.checked_at !== null) return;
  const message = `The server ${server.name} was not looked at yet, or not since its admin_url was changed.`;
  throw new PlatformError('contradicts', `${message} Ask for POST /v1/servers/${server.id}/preflight first.`);
}

function stands(actionId: string, { name }: Server): PlatformError {
  const message = `A worker is looking at the server ${name}. Ask again when action ${actionId} has ended.`;
  return new PlatformError('contradicts', message, { actionId });
}
