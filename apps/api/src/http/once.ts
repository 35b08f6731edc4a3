// Idempotency-Key: a client that did not hear the answer asks again, and gets what it would have got. Here it is read from
// the request, and the answer is sent; what is remembered is packages/actions/src/once.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { type Caller, type Context, findAnswer, findFirst, keepAnswer, type Once } from '@berth/actions';
import { codeOf, PlatformError, Secret } from '@berth/core';
import type { Access } from '@berth/store';
import type { Call } from './route';

/** As Stripe and the IETF's draft (draft-ietf-httpapi-idempotency-key-header) have it; a UUID has 36. */
const KEY_LENGTH_MAX = 255;

/** An answer that can be sent again. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** None for a 204. */
  body?: object;
}

/** One that was sent before. */
export type KeptAnswer = Answer & { isKept: true };

/**
 * The request's Idempotency-Key, with or without the quotes that the draft wants; null without one. Call it when the
 * body has been read: method, address and body are the fingerprint, keyed, for a body may hold a password. Throws `invalid_request`.
 */
export function readOnce({ keyRing }: Pick<Context, 'keyRing'>, { request }: Call): Once | null {
  const sent = request.get('idempotency-key');
  if (sent === undefined) return null;
  const key = /^"(.*)"$/.exec(sent.trim())?.[1] ?? sent.trim();
  if (!/^[\x20-\x7e]+$/.test(key) || key.length > KEY_LENGTH_MAX) {
    const message = `must be 1 to ${KEY_LENGTH_MAX} visible ASCII characters; a random UUID is a good one`;
    const fields = [{ field: 'Idempotency-Key', message }];
    throw new PlatformError('invalid_request', 'Please correct: Idempotency-Key.', { fields });
  }
  const body: unknown = request.body;
  const parts = [request.method, request.originalUrl, inOneOrder(body ?? null)];
  const [fingerprint = '', ...underOlderKeys] = keyRing.fingerprintsOf(new Secret(JSON.stringify(parts)));
  return { key, fingerprint, underOlderKeys };
}

/** The answer that the first request with this key got; null without a key, or when there is none. */
export async function findKept(api: Context, access: Access, once: Once | null): Promise<KeptAnswer | null> {
  const text = once === null ? null : await findAnswer(api, access, once);
  if (text === null) return null;
  const answer: Answer = JSON.parse(text); // written by `keep`, and nowhere else
  return { ...answer, isKept: true };
}

/**
 * Whether the request is a repeated one and has its answer by now: for what a caller may not be shown any more, because the
 * first request took it away. Throws `key_reused`.
 */
export async function answerAgain(api: Context, call: Call, access: Access, once: Once | null): Promise<boolean> {
  const first = once === null ? null : await findFirst(api, access, once);
  const kept = first === null ? null : await findKept(api, access, once);
  if (kept !== null) sendAnswer(call, kept);
  return kept !== null;
}

/** Keeps the answer for a repeated request, where there is a key. Best effort. */
export async function keep(api: Context, access: Access, once: Once | null, answer: Answer): Promise<void> {
  if (once !== null) await keepAnswer(api, access, once, JSON.stringify(answer));
}

/** An answer that is being sent is kept within milliseconds of what it tells of. */
const KEPT_LOOKS_MAX = 40;
const KEPT_LOOK_MS = 25;

/**
 * Does what is done at once and answers, once for all requests with the key. Throws what `write` throws; `repeated` when
 * it was done and its answer is lost, because the process died between the two.
 */
export async function answerOnce(
  api: Context,
  call: Call,
  caller: Caller,
  write: (caller: Caller) => Promise<Answer>,
): Promise<void> {
  const once = readOnce(api, call);
  if (once === null) return sendAnswer(call, await write(caller));
  const answer = await write({ ...caller, once }).catch((error: unknown) => {
    if (codeOf(error) !== 'repeated') throw error;
    return waitForKept(api, caller, once, error);
  });
  if (!('isKept' in answer)) await keep(api, caller, once, answer);
  sendAnswer(call, answer);
}

/** The first request may still be on its way out. Throws `lost` when there is no answer after a second. */
async function waitForKept(api: Context, access: Access, once: Once, lost: unknown): Promise<KeptAnswer> {
  for (let looks = 0; looks < KEPT_LOOKS_MAX; looks += 1) {
    const kept = await findKept(api, access, once);
    if (kept !== null) return kept;
    await pause(KEPT_LOOK_MS);
  }
  throw lost;
}

/** Sends the answer; one that was kept says so in `Idempotency-Replayed: true`. */
export function sendAnswer({ response }: Call, answer: Answer | KeptAnswer): void {
  if ('isKept' in answer) response.set('Idempotency-Replayed', 'true');
  response.status(answer.status).set(answer.headers ?? {});
  if (answer.body === undefined) response.end();
  else response.json(answer.body);
}

/** The same value with every object's keys in order: two writings of one body are one body. */
function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, inner]) => [key, inOneOrder(inner)]);
}
