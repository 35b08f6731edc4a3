// SCRAM-SHA-256 verifiers, made here so that no password ever travels in a statement: a failed CREATE ROLE is logged by
// the server in clear, whole statement and all.
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { PlatformError, type Secret } from '@berth/core';

/** What PostgreSQL itself uses (`scram_iterations` before anybody changes it); RFC 7677 asks for at least this many. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const derive = promisify(pbkdf2);

/**
 * The verifier PostgreSQL stores for a password: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (RFC 5802,
 * RFC 7677). Different every time unless `salt` is given. Throws `engine_refused` for an empty password or one with NUL,
 * with which nobody could log in.
 */
export async function scramVerifier(password: Secret, salt: Buffer = randomBytes(SALT_BYTES)): Promise<string> {
  const prepared = prepare(password.reveal());
  if (prepared === '' || prepared.includes('\0')) {
    throw new PlatformError('engine_refused', 'This password cannot be used to log in to PostgreSQL');
  }
  const salted = await derive(prepared, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/**
 * SASLprep (RFC 4013) as clients do it: odd spaces become a space, invisible characters vanish, NFKC. ASCII stays as it
 * is. Not done: the checks for forbidden and mixed-direction characters, on which clients disagree with each other
 * (libpq then sends the password unprepared, node-postgres prepares it all the same).
 */
function prepare(password: string): string {
  return password
    .replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu, ' ')
    .replace(/\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu, '')
    .normalize('NFKC');
}
