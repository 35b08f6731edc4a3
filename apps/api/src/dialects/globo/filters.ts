// What a list is narrowed to by its query.
import type { Call } from '../../http/route';

/** The text of a filter that is asked for once; null where it is not. */
export function askedText({ request }: Call, filter: string): string | null {
  const text = request.query[filter];
  // PostgreSQL takes no NUL: with another letter in its place it finds nothing as well, for no name has this one
  return typeof text === 'string' ? text.replaceAll('\0', '\u{FFFD}') : null;
}
