// The only two ways a name or a text enters a statement of PostgreSQL. Statements that take parameters use those instead.
import { PlatformError } from '@berth/core';

/** NAMEDATALEN - 1. The server cuts longer names without a word, and would then act on somebody else's object. */
export const NAME_BYTES_MAX = 63;

/**
 * A name as an identifier: `shop` becomes `"shop"`. Throws `engine_refused` for what the server cannot hold as given:
 * nothing, more than 63 bytes, NUL, half a surrogate pair.
 */
export function quoteIdentifier(name: string): string {
  if (name === '') throw new PlatformError('engine_refused', 'A name is empty');
  refuseUnsendable(name);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new PlatformError('engine_refused', `A name is longer than ${NAME_BYTES_MAX} bytes`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal, safe whatever `standard_conforming_strings` says. Throws `engine_refused` for NUL and the like. */
export function quoteLiteral(text: string): string {
  refuseUnsendable(text);
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** NUL ends a message early; half a surrogate pair becomes U+FFFD on its way, another name than the one asked for. */
function refuseUnsendable(text: string): void {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) {
    throw new PlatformError('engine_refused', 'A name or text holds a character that PostgreSQL cannot store');
  }
}
