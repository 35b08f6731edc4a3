// Why a store could not be reached or brought up to date, in one line for a terminal: no password, no URL, no piece of one.
// A URL that is misread shows parts of its password as a host or a port, so of Node's errors the code alone is told.

const LENGTH_MAX = 500;
/** What a URL comes to whose password has a sign that ends a host; EAI_AGAIN where no name can be resolved at all. */
const MISREAD = ['ENOTFOUND', 'EAI_AGAIN', 'ERR_INVALID_URL'];
const UNREADABLE = 'is the URL right? Percent-encode user and password in it.';

/** What PostgreSQL said, or the code of what failed before it could say anything. Ends with a full stop. */
export function reasonOf(error: unknown): string {
  const code = textOf(error, 'code');
  const message = textOf(error, 'message') ?? '';
  if (textOf(error, 'severity') !== null) return ended(message);
  if (code !== null && MISREAD.includes(code)) return `${code}; ${UNREADABLE}`;
  if (code !== null) return ended(code);
  return message === '' || error instanceof URIError ? UNREADABLE : ended(message);
}

/** Without the trace that Prisma's migration engine puts below its message. */
function ended(message: string): string {
  const [told = ''] = message.split(/\n\s+0: /);
  const line = told
    .replace(/^ERROR: /, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LENGTH_MAX);
  return /[.?!]$/.test(line) ? line : `${line}.`;
}

function textOf(error: unknown, field: string): string | null {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : null;
}
