// Links in a body name things by their addresses: `/api/plan/1/`, or whole URLs, of whatever host they speak.

const NO_MATCH = 'Invalid hyperlink - No URL match';
const WRONG_MATCH = 'Invalid hyperlink - Incorrect URL match';
const NUMBER_MAX = 2_147_483_647; // the store's integer

/** What a path may lead to. */
const RESOURCES = ['credential', 'database', 'engine_type', 'environment', 'plan', 'project', 'task'];

/** The id in a link to this resource, or what is wrong with it, in the product's words. */
export function idInLink(value: unknown, resource: string): number | string {
  if (typeof value !== 'string') return `Incorrect type.  Expected url string, received ${pythonTypeOf(value)}.`;
  const path = value.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  const [, found = '', id = ''] = /^(?:\/[^/]+)*?\/api\/([a-z_]+)\/(\d{1,10})\/?$/.exec(path) ?? [];
  if (!RESOURCES.includes(found)) return NO_MATCH;
  if (found !== resource) return WRONG_MATCH;
  return Math.min(Number(id), NUMBER_MAX);
}

/** The number in a path; null for anything that no row can have as its number. */
export function numberInPath(text: unknown): number | null {
  const number = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= NUMBER_MAX ? number : null;
}

function pythonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'dict';
}
