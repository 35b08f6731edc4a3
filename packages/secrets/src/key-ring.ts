// Envelope for what must be read again: passwords and admin access. AES-256-GCM, one key of the ring per envelope.
// The context (noun and row id) is authenticated with it, so an envelope moved to another row does not open there.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { PlatformError, Secret } from '@berth/core';

/** Newest key first: it seals. All of them open. */
export interface KeyRing {
  keyIds: string[];
  /** Keys of which an operator has said that they are lost for good. */
  lostIds: readonly string[];
  /** Seals under the newest key: `v1.<key id>.<nonce>.<ciphertext and tag>`, base64url. Never twice the same text. */
  seal(secret: Secret, context: string): string;
  /** Throws `key_missing` (the key id is named) or `internal` when it was changed or belongs to another row. */
  open(sealed: string, context: string): Secret;
  /** The id of the key that sealed this. Safe to log. */
  keyIdOf(sealed: string): string;
  /**
   * Tells texts apart without keeping them: an HMAC that only a holder of the ring can compute, so that what was hashed
   * cannot be guessed from the store. `<key id>.<hash>`, one under each key, the newest first: that one is to be kept.
   */
  fingerprintsOf(text: Secret): string[];
  /** Whether nobody will ever open this: its key is among the lost ones, and not in the ring. */
  isLost(sealed: string): boolean;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12; // NIST SP 800-38D: 96 bits; random ones are safe below 2^32 seals per key
const TAG_BYTES = 16;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Reads `BERTH_KEYS`: `id:base64 of 32 bytes`, comma between keys, newest first. Throws `invalid_request` with what is
 * wrong and never with a key in it.
 */
export function readKeyRing(text: Secret, lostIds: readonly string[] = []): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const entry of text.reveal().split(',')) {
    const [id, encoded, ...rest] = entry.trim().split(':');
    const key = Buffer.from(encoded ?? '', 'base64');
    if (id === undefined || !KEY_ID.test(id) || rest.length > 0 || key.length !== KEY_BYTES || keys.has(id)) {
      throw new PlatformError(
        'invalid_request',
        `BERTH_KEYS: entry ${keys.size + 1} is not "id:base64 of 32 bytes" with an id of its own. ` +
          'Make one with: echo "k1:$(openssl rand -base64 32)"',
      );
    }
    keys.set(id, key);
  }
  return keyRing(keys, lostIds);
}

/** A fresh key as `BERTH_KEYS` wants it, for a first start. */
export function makeKey(id: string): Secret {
  return new Secret(`${id}:${randomBytes(KEY_BYTES).toString('base64')}`);
}

function keyRing(keys: Map<string, Buffer>, lostIds: readonly string[]): KeyRing {
  const [newest] = keys;
  if (newest === undefined) throw new PlatformError('invalid_request', 'BERTH_KEYS holds no key.');
  const [newestId, newestKey] = newest;
  return {
    keyIds: [...keys.keys()],
    lostIds,
    isLost: (sealed) => lostIds.includes(partsOf(sealed).keyId) && !keys.has(partsOf(sealed).keyId),
    keyIdOf: (sealed) => partsOf(sealed).keyId,
    seal: (secret, context) => seal(newestId, newestKey, secret, context),
    fingerprintsOf: (text) => [...keys].map(([id, key]) => fingerprintUnder(id, key, text)),
    open(sealed, context) {
      const parts = partsOf(sealed);
      const key = keys.get(parts.keyId);
      if (key === undefined) {
        throw new PlatformError(
          'key_missing',
          `A value is sealed with key "${parts.keyId}", which is not in BERTH_KEYS.`,
        );
      }
      return openSealed(key, parts, context);
    },
  };
}

function seal(id: string, key: Buffer, secret: Secret, context: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${id}.${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** A key of its own is derived (RFC 5869), so that no key does two kinds of work. */
function fingerprintUnder(id: string, key: Buffer, text: Secret): string {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'berth fingerprint v1', KEY_BYTES));
  return `${id}.${createHmac('sha256', derived).update(text.reveal()).digest('base64url')}`;
}

interface SealedParts {
  keyId: string;
  nonce: Buffer;
  body: Buffer;
}

function partsOf(sealed: string): SealedParts {
  const [version, keyId, nonce, body, ...rest] = sealed.split('.');
  if (version !== 'v1' || keyId === undefined || nonce === undefined || body === undefined || rest.length > 0) {
    throw new PlatformError('internal', 'A sealed value has not the form it was stored in.');
  }
  return { keyId, nonce: decode(nonce), body: decode(body) };
}

/** Only what `seal` writes: the last letter of base64 has spare bits, which would make one envelope of several texts. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') === text) return bytes;
  throw new PlatformError('internal', 'A sealed value has not the form it was stored in.');
}

function openSealed(key: Buffer, { nonce, body }: SealedParts, context: string): Secret {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
    return new Secret(text.toString('utf8'));
  } catch (error) {
    throw new PlatformError('internal', `A sealed value of ${context} was changed or belongs elsewhere.`, {
      cause: error,
    });
  }
}
