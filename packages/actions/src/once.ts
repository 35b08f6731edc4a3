// A client's promise that two requests are one (Idempotency-Key): the key is taken in the request's own transaction, and
// what the first request was answered is kept beside it, sealed, for it may hold a token.
import { codeOf, PlatformError, Secret } from '@berth/core';
import type { Access, Action, ActionWithSteps, KeptRequest, Nouns } from '@berth/store';
import type { Context } from './context';
import { answerContext } from './sealed-contexts';

/** `fingerprint` tells another request that bears the same key by mistake. */
export interface Once {
  key: string;
  fingerprint: string;
  /** The same request's under the older keys of the ring, by one of which the first may have been kept. */
  underOlderKeys?: string[];
}

/**
 * The action of the request that bore this key first; null when this is the first, which has it from now on. Throws
 * `key_reused`; `repeated` when that request was done without an action.
 */
export async function takeOnce(
  tx: Nouns,
  requester: Access | null,
  once: Once | null,
): Promise<ActionWithSteps | null> {
  if (requester === null || once === null) return null;
  const kept = await take(tx, requester, once);
  if (kept === null) return null;
  const action = kept.actionId === null ? null : await tx.actions.find(kept.actionId);
  if (action === null) throw repeated();
  return action;
}

/** Takes the key for a write that has no action. Throws `key_reused`; `repeated` when it was taken for this very write. */
export async function takeWrite(tx: Nouns, access: Access, once: Once): Promise<void> {
  if ((await take(tx, access, once)) !== null) throw repeated();
}

/** The request of the last day that bore this key first; null when there is none yet. Throws `key_reused`. */
export async function findFirst({ store }: Context, access: Access, once: Once): Promise<KeptRequest | null> {
  return sameRequest(await store.idempotency.find(access.id, once.key), once);
}

async function take(tx: Nouns, access: Access, once: Once): Promise<KeptRequest | null> {
  return sameRequest(await tx.idempotency.take(access.id, once.key, once.fingerprint), once);
}

function sameRequest(kept: KeptRequest | null, { fingerprint, underOlderKeys = [] }: Once): KeptRequest | null {
  if (kept !== null && ![fingerprint, ...underOlderKeys].includes(kept.fingerprint)) throw keyReused();
  return kept;
}

/** Ties the action to the key that this transaction took. */
export async function tieOnce(tx: Nouns, requester: Access | null, once: Once | null, action: Action): Promise<void> {
  if (requester !== null && once !== null) await tx.idempotency.keepAction(requester.id, once.key, action.id);
}

/** What the first request with this key was answered; null when it was not, or when that could not be kept. */
export async function findAnswer({ keyRing, store }: Context, access: Access, once: Once): Promise<string | null> {
  const kept = await store.idempotency.find(access.id, once.key);
  if (kept === null || kept.answerSealed === null) return null;
  try {
    return keyRing.open(kept.answerSealed, answerContext(access.id, once.key)).reveal();
  } catch (error) {
    if (codeOf(error) === 'key_missing') return null; // its key was lost or taken out within the day
    throw error;
  }
}

/** Keeps the answer for a repeated request. Best effort, logged: without it that one is answered from the action. */
export async function keepAnswer(context: Context, access: Access, once: Once, answer: string): Promise<void> {
  const { keyRing, log, store } = context;
  const sealed = keyRing.seal(new Secret(answer), answerContext(access.id, once.key));
  await store.idempotency.keepAnswer(access.id, once.key, sealed).catch((error: unknown) => {
    log.warn({ error, accessId: access.id }, 'The answer to a request with an Idempotency-Key could not be kept');
  });
}

function repeated(): PlatformError {
  return new PlatformError(
    'repeated',
    'This was done before, by a request with the same Idempotency-Key, and its answer is lost. Look at what is there.',
  );
}

function keyReused(): PlatformError {
  const message = 'this key was sent with another request in the last day; make a new one for each new request';
  const fields = [{ field: 'Idempotency-Key', message }];
  return new PlatformError('key_reused', 'The Idempotency-Key belongs to another request.', { fields });
}
