// Making what accesses are opened with that are neither tokens nor passwords, and the token that belongs to a signer's key.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ID_PREFIXES, Secret } from '@berth/core';

const SESSION_BYTES = 32;
const MASTER_KEY_BYTES = 64; // as the keys of the product whose clients decode it
const SIGNER_KEY_BYTES = 32; // RFC 7518, 3.2: a key for HS256 has at least 256 bits

/** The secret of a session: 64 hexadecimal digits. The store keeps `hashToken` of it. */
export function makeSessionSecret(): Secret {
  return new Secret(randomBytes(SESSION_BYTES).toString('hex'));
}

/** A key that requests are signed with: 64 bytes in base64. The store keeps it sealed, for signatures are computed anew. */
export function makeMasterKey(): Secret {
  return new Secret(randomBytes(MASTER_KEY_BYTES).toString('base64'));
}

/** What a signer's token and its signing key are made of. Sealed, and never shown. */
export function makeSignerKey(): Secret {
  return new Secret(randomBytes(SIGNER_KEY_BYTES).toString('hex'));
}

/**
 * The token that is exchanged for signed ones: `berth_<the access's id without its prefix>_<64 hexadecimal digits>`. It follows
 * from the key, so that one secret is kept and both end together.
 */
export function tokenOfSigner(accessId: string, key: Secret): Secret {
  return new Secret(`${TOKEN_PREFIX}${accessId.replace(ID_PREFIX, '')}_${derive(key, 'token').toString('hex')}`);
}

/** The access that a signer's token names, whether or not it is right; null for a text of another form. */
export function accessOfToken(token: Secret): string | null {
  const [, id] = TOKEN.exec(token.reveal()) ?? [];
  return id === undefined ? null : `${ID_PREFIX}${id}`;
}

/** Whether it is the token of this signer, told in the same time for every wrong one of its form. */
export function isTokenOfSigner(token: Secret, accessId: string, key: Secret): boolean {
  const [sent, right] = [token, tokenOfSigner(accessId, key)].map((each) => Buffer.from(each.reveal()));
  return sent !== undefined && right !== undefined && sent.length === right.length && timingSafeEqual(sent, right);
}

/** What a signer signs with (HS256): 32 bytes, from which its token cannot be computed. */
export function signingKeyOf(key: Secret): Buffer {
  return derive(key, 'signatures');
}

const ID_PREFIX = `${ID_PREFIXES.access}_`;
const TOKEN_PREFIX = 'berth_';
const TOKEN = /^berth_([0-9a-hjkmnp-tv-z]{26})_[0-9a-f]{64}$/;

function derive(key: Secret, what: string): Buffer {
  return createHmac('sha256', key.reveal()).update(what).digest();
}
