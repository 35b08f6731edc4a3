// Links in a body name things by their addresses: `/api/plan/1/`, or whole URLs, of whatever host they speak.
import { wholeNumberOf } from '../../http/whole-number';

const NO_MATCH = 'Invalid hyperlink - No URL match';
const WRONG_MATCH = 'Invalid hyperlink - Incorrect URL match';

/** What a path may lead to. */
export const RESOURCES = ['credential', 'database', 'engine_type', 'environment', 'plan', 'project', 'task'];

/** The id in a link to this resource, 0 where none can be that; or what is wrong with it, in the product's words. */
export function idInLink(value: unknown, resource: string): number | string {
  if (typeof value !== 'string') return `Incorrect type.  Expected url string, received ${pythonTypeOf(value)}.`;
  const path = value.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const [, found = '', id = ''] = /^(?:\/[^/]+)*?\/api\/([a-z_]+)\/(\d{1,10})\/?$/.exec(path) ?? [];
  if (!RESOURCES.includes(found)) return NO_MATCH;
  if (found !== resource) return WRONG_MATCH;
  return wholeNumberOf(id) ?? 0;
}

function pythonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'dict';
}
