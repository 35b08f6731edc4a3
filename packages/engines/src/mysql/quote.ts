// The only ways a name or a text enters a statement of MySQL or MariaDB. Every session of ours has NO_BACKSLASH_ESCAPES
// off (connect.ts), whatever the server's sql_mode is.
import { PlatformError } from '@berth/core';

/** In characters the servers hold as many; bytes are fewer and hold for file names of MariaDB too, which are escaped. */
export const DATABASE_BYTES_MAX = 64;
/** MySQL's limit; MariaDB holds 128. */
export const LOGIN_BYTES_MAX = 32;

/** A name as an identifier: `shop` in backticks. Throws `engine_refused` for what the server cannot hold as given. */
export function quoteName(name: string, bytesMax = DATABASE_BYTES_MAX): string {
  refuseUnholdable(name, bytesMax);
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A name that the server told us, whatever its length. */
export function quoteFound(name: string): string {
  return quoteName(name, FOUND_BYTES_MAX);
}

/** 64 characters of four bytes each. */
const FOUND_BYTES_MAX = 256;

/** A text as a literal. Throws `engine_refused` for NUL and half a surrogate pair. */
export function quoteText(text: string): string {
  refuseUnsendable(text);
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** A column held against a text byte by byte: collations of the servers' own tables ignore case. */
export function isText(column: string, text: string): string {
  return isOneOf(column, [text]);
}

/** The same for any of these texts; none of them is never so. */
export function isOneOf(column: string, texts: string[]): string {
  if (texts.length === 0) return 'FALSE';
  return `CAST(${column} AS BINARY) IN (${texts.map((text) => `CAST(${quoteText(text)} AS BINARY)`).join(', ')})`;
}

/** A database's name as it stands in a grant, and there alone: `_` and `%` would stand for other letters. */
export function escapePattern(name: string): string {
  return name.replaceAll(/[\\_%]/g, (character) => `\\${character}`);
}

/** The name that a grant by name is on, given escaped or not; of a pattern, something that no database is called. */
export function unescapePattern(pattern: string): string {
  return pattern.replaceAll(/\\([\\_%])/g, '$1');
}

/** Every thing inside one database, as GRANT and REVOKE name it. */
export function quoteEverythingIn(pattern: string): string {
  return `${quoteFound(pattern)}.*`;
}

/** Our logins may come from anywhere: who may connect from where is a matter of networks, not of Berth. */
export const ANY_HOST = '%';

/** An account as statements name it: `'shop'@'%'`. MariaDB's roles have no host, and its PUBLIC is a word. */
export function quoteAccount(name: string, host = ANY_HOST): string {
  if (host === '') return name === 'PUBLIC' ? name : quoteFound(name);
  return `${quoteText(name)}@${quoteText(host)}`;
}

/** The rows of the server's tables that are of our account: one of its name for some host alone is somebody else's. */
export function isAccount(name: string): string {
  return `${isText('User', name)} AND Host = '${ANY_HOST}'`;
}

/** A login of ours. Throws `engine_refused` for what the server cannot hold as given. */
export function quoteLogin(name: string): string {
  refuseUnholdable(name, LOGIN_BYTES_MAX);
  return quoteAccount(name);
}

function refuseUnholdable(name: string, bytesMax: number): void {
  if (name === '') throw new PlatformError('engine_refused', 'A name is empty');
  refuseUnsendable(name);
  if (Buffer.byteLength(name) > bytesMax) {
    throw new PlatformError('engine_refused', `A name is longer than ${bytesMax} bytes`);
  }
  if (!canBeHeld(name)) {
    throw new PlatformError('engine_refused', 'A name holds a character that MySQL and MariaDB cannot store in names');
  }
}

/** Names are kept in utf8mb3, and compared without the spaces they end in. */
export function canBeHeld(name: string): boolean {
  return !/[\u{10000}-\u{10ffff}]/u.test(name) && !name.endsWith(' ');
}

/** NUL is not allowed in names; half a surrogate pair becomes U+FFFD on its way, another name than the one asked for. */
function refuseUnsendable(text: string): void {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) {
    throw new PlatformError('engine_refused', 'A name or text holds a character that the server cannot store');
  }
}
