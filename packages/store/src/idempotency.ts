// The keys by which a client says that two requests are one: kept for a day, with what the first of them came to.
import { BATCH, type Batch, LIMIT_BATCH } from './batch';
import type { Db } from './db';

/** The request that took the key. */
export interface KeptRequest {
  /** Tells another request that bears the same key by mistake. */
  fingerprint: string;
  /** The action that it asked for; null when it asked for none. */
  actionId: string | null;
  /** What it was answered; null while it has not been, or when the process died before it wrote that down. */
  answerSealed: string | null;
}

/** A client that has not repeated its request by then does not mean the same one. */
const KEPT_MS = 24 * 60 * 60 * 1000;

export function idempotencyOf(db: Db) {
  return {
    /**
     * Takes the key for the request of this transaction and returns null, or returns the request that took it before.
     * Waits for one that is being written now; one that was rolled back has taken nothing.
     */
    async take(accessId: string, key: string, fingerprint: string): Promise<KeptRequest | null> {
      const taken = await db.$executeRaw`
        INSERT INTO idempotency_keys AS kept (access_id, key, fingerprint) VALUES (${accessId}, ${key}, ${fingerprint})
        ON CONFLICT (access_id, key) DO UPDATE
          SET fingerprint = excluded.fingerprint, action_id = NULL, answer_sealed = NULL, created_at = now()
          WHERE kept.created_at < now() - ${KEPT_MS} * interval '1 millisecond'`;
      return taken > 0 ? null : this.find(accessId, key);
    },

    /** Null when nobody took the key in the last day. */
    async find(accessId: string, key: string): Promise<KeptRequest | null> {
      const [row] = await db.$queryRaw<KeptRequest[]>`
        SELECT fingerprint, action_id AS "actionId", answer_sealed AS "answerSealed" FROM idempotency_keys
        WHERE access_id = ${accessId} AND key = ${key} AND created_at >= now() - ${KEPT_MS} * interval '1 millisecond'`;
      return row ?? null;
    },

    /** What the request asked for; in the transaction that took the key. */
    async keepAction(accessId: string, key: string, actionId: string): Promise<void> {
      await db.$executeRaw`
        UPDATE idempotency_keys SET action_id = ${actionId} WHERE access_id = ${accessId} AND key = ${key}`;
    },

    /** What it was answered; the first answer stands. */
    async keepAnswer(accessId: string, key: string, sealed: string): Promise<void> {
      await db.$executeRaw`
        UPDATE idempotency_keys SET answer_sealed = ${sealed}
        WHERE access_id = ${accessId} AND key = ${key} AND answer_sealed IS NULL`;
    },

    /**
     * Removes some of the keys that nobody holds to any more, the oldest first: by the store's clock, as `take` reads them, or a key
     * would die while its request may still be repeated. Safe to repeat and to race.
     */
    async removeLapsed(): Promise<Batch> {
      const removed = await db.$executeRaw`
        DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
          SELECT ctid FROM idempotency_keys WHERE created_at < now() - ${KEPT_MS} * interval '1 millisecond'
          ORDER BY created_at ${LIMIT_BATCH} FOR UPDATE SKIP LOCKED))`;
      return { removed, next: removed === BATCH ? 0 : null };
    },
  };
}
