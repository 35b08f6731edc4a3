// What the looks at a server have in common: one is open at a time of each kind, and whoever asks meanwhile joins it.
import { type ActionKind, PlatformError } from '@berth/core';
import type { Planned, Planning } from '../kind';
import { engineOf } from './subjects';

export interface ServerLookInput {
  serverId: string;
}

type Joins = { joins: NonNullable<Awaited<ReturnType<Planning['tx']['actions']['findOpenOfServer']>>> };

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
  const open = await tx.actions.findOpenOfServer(serverId, kind); // asked for while this waited for the row
  if (open !== null) return { joins: open };

  return {
    engine: engineOf(server),
    teamId: null,
    databaseId: null,
    credentialId: null,
    serverId,
    stepNames,
    change: { before: null, after: null },
  };
}
