// What the actions about a server have in common: one is open at a time of each kind, and whoever asks meanwhile joins it.
import { type ActionKind, PlatformError } from '@berth/core';
import type { Server } from '@berth/store';
import type { Change, Joins, Planned, Planning } from '../kind';
import { engineOf } from './subjects';

export interface ServerLookInput {
  serverId: string;
}

/** Throws `not_found`. Whoever finds one that is open locks nothing: fifty who ask at once wait for none but the first. */
export async function planLook(
  { tx }: Planning,
  kind: ActionKind,
  { serverId }: ServerLookInput,
  stepNames: string[],
): Promise<Planned | Joins> {
  const early = await tx.actions.findOpenOfServer(serverId, kind);
  if (early !== null) return { joins: early };

  const server = await tx.servers.lock(serverId);
  if (server === null) throw new PlatformError('not_found', 'There is no such server.');
  const nothing = { before: null, after: null };
  return joinOrPlan(tx, kind, server, stepNames, nothing); // one may have been asked for while this waited for the row
}

/** Of a server whose row is locked: the action of this kind that is open, or a new one. */
export async function joinOrPlan(
  tx: Planning['tx'],
  kind: ActionKind,
  server: Server,
  stepNames: string[],
  change: Change,
): Promise<Planned | Joins> {
  const open = await tx.actions.findOpenOfServer(server.id, kind);
  if (open !== null) return { joins: open };
  return {
    engine: engineOf(server),
    teamId: null,
    databaseId: null,
    credentialId: null,
    serverId: server.id,
    stepNames,
    change,
  };
}
