// What a server keeps of a password, made here: no statement, no general log, no binary log ever holds the password.
import { createHash, randomBytes } from 'node:crypto';
import { PlatformError, type Secret } from '@berth/core';
import type { PasswordPlugin } from './admin';
import { quoteText } from './quote';
import { shaCrypt } from './sha-crypt';

const SALT_BYTES = 20;
/** The rounds of caching_sha2_password as MySQL comes, in thousands. */
const THOUSANDS = 5;
/** MySQL reads no longer password there (MAX_PLAINTEXT_LENGTH). */
const SHA2_BYTES_MAX = 256;

/** The clause that sets a password: `IDENTIFIED WITH … AS '…'`, which both kinds of server read. Throws `engine_refused` for a password nobody could use. */
export function identifiedBy(plugin: PasswordPlugin, password: Secret): string {
  const text = password.reveal();
  if (text === '' || text.includes('\0')) {
    throw new PlatformError('engine_refused', 'A password is empty or holds NUL, and nobody could use it');
  }
  return `IDENTIFIED WITH ${plugin} AS ${quoteText(verifierOf(plugin, Buffer.from(text)))}`;
}

function verifierOf(plugin: PasswordPlugin, password: Buffer): string {
  switch (plugin) {
    case 'mysql_native_password':
      return nativeVerifier(password);
    case 'caching_sha2_password':
      return sha2Verifier(password, makeSalt());
    default:
      return plugin satisfies never;
  }
}

/** `*` and SHA1(SHA1(password)). */
export function nativeVerifier(password: Buffer): string {
  const once = createHash('sha1').update(password).digest();
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
}

/** `$A$005$`, the salt, and the digest. */
export function sha2Verifier(password: Buffer, salt: Buffer): string {
  if (password.length > SHA2_BYTES_MAX) {
    throw new PlatformError('engine_refused', `A password is longer than ${SHA2_BYTES_MAX} bytes`);
  }
  return `$A$00${THOUSANDS}$${salt.toString('latin1')}${shaCrypt(password, salt, THOUSANDS * 1_000)}`;
}

/** Letters and digits alone: no `$`, no NUL, and nothing that a statement would have to escape. */
function makeSalt(): Buffer {
  return Buffer.from(randomBytes(SALT_BYTES).toString('base64url').slice(0, SALT_BYTES).replaceAll(/[-_]/g, 'x'));
}
