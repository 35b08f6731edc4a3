// SHA-crypt with SHA-256, as caching_sha2_password stores it: Ulrich Drepper's description of 2008, whose salt ends after
// 16 bytes, with MySQL's of 20.
import { createHash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGEST_BYTES = 32;

/** The 43 characters that follow the salt. A few milliseconds of hashing. */
export function shaCrypt(password: Buffer, salt: Buffer, rounds: number): string {
  const inner = sha256(password, salt, password);
  const pieces = [password, salt, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) pieces.push(bits & 1 ? inner : password);
  let digest = sha256(...pieces);
  const p = repeated(sha256(...Array.from({ length: password.length }, () => password)), password.length);
  const s = repeated(sha256(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(isOdd ? digest : p);
    digest = sha256(...parts);
  }
  return encode(digest);
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Over and over, until there are so many bytes. */
function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** Three bytes to four characters, lowest bits first, in an order that walks through the thirds of the digest. */
function encode(digest: Buffer): string {
  let text = '';
  let [a, b, c] = [0, 10, 20];
  for (let group = 0; group < 10; group++) {
    text += characters(24, digest[c] ?? 0, digest[b] ?? 0, digest[a] ?? 0);
    [a, b, c] = [(c + 1) % 30, (a + 1) % 30, (b + 1) % 30];
  }
  return text + characters(16, digest[DIGEST_BYTES - 2] ?? 0, digest[DIGEST_BYTES - 1] ?? 0);
}

/** The bytes given are the lowest first. */
function characters(bits: number, ...bytes: number[]): string {
  let value = bytes.reduce((sum, byte, at) => sum + byte * 256 ** at, 0);
  let text = '';
  for (let left = bits; left > 0; left -= 6) {
    text += ALPHABET[value % 64] ?? '';
    value = Math.floor(value / 64);
  }
  return text;
}
