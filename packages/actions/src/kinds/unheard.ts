// Requests that are made again because nobody heard their answer: they come to the action that the first one asked for.
import type { ActionKind } from '@berth/core';
import type { Access, Action, Nouns } from '@berth/store';

/** Who was told to come again does so by then; a later request is another one. */
const UNHEARD_MS = 10 * 60 * 1_000;

/**
 * The action of this kind about a credential that a repeated request means: one that is queued or running, or one of this
 * access's that ended well a short while ago and whose password it was not shown since. Null when there is none.
 */
export async function findMeant(
  tx: Nouns,
  access: Access,
  credentialId: string,
  kind: ActionKind,
): Promise<Action | null> {
  const open = await tx.actions.findOpenOfCredential(credentialId, kind);
  return open ?? tx.actions.findUnheard(credentialId, kind, access.id, UNHEARD_MS);
}
