// What a list is narrowed to by its query.
import type { Call } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';

/** What no name has: PostgreSQL takes no NUL, and a filter that is asked for twice is to find nothing rather than everything. */
const NOTHING = '\u{FFFD}';

/** The text of a filter; null where it is not asked for. */
export function askedText({ request }: Call, filter: string): string | null {
  const text = request.query[filter];
  if (text === undefined) return null;
  return typeof text === 'string' ? text.replaceAll('\0', NOTHING) : NOTHING;
}

/** Those of these filters that are asked for, as numbers; what no row can have as its number is 0, and finds nothing. */
export function askedNumbers<Filter extends string>(call: Call, ...filters: Filter[]): { [F in Filter]?: number } {
  const numbers: { [F in Filter]?: number } = {};
  for (const filter of filters) {
    const text = askedText(call, filter);
    if (text !== null) numbers[filter] = wholeNumberOf(text) ?? 0;
  }
  return numbers;
}
