// Lists in a body: clients of this API send them in many spellings, as JSON or as a form.
import { LET_IN_MAX } from '@berth/actions';

export const LISTED_RULE = `names ${LET_IN_MAX} at most`;

/**
 * The body with the list under its plain name, from whichever spelling: `[]` after the name, the name repeated, a single string,
 * empty, null or missing. What is no object stays as it is; no body is one without fields.
 */
export function withList(body: unknown, name: string): unknown {
  if (body === undefined) return { [name]: [] };
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const isSpelling = (key: string) => key === name || key === `${name}[]`;
  const entries = Object.entries(body);
  const items = entries.filter(([key]) => isSpelling(key)).flatMap(([, value]: [string, unknown]) => listOf(value));
  return { ...Object.fromEntries(entries.filter(([key]) => !isSpelling(key))), [name]: items };
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.filter((item) => item !== ''); // forms send an empty list as one empty item
  return value === null || value === '' ? [] : [value];
}
