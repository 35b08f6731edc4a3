// JSON as Python's json.dumps writes it: a space after each comma and colon, letters as they are. People's scripts compare
// such texts.

const INDENT_MAX = 8;

/** Indented where the caller's `Accept` asks for it: `application/json; indent=4`, 8 at most. */
export function jsonText(value: unknown, accept: string): string {
  const asked = /application\/json\s*;\s*indent=(\d{1,3})/i.exec(accept)?.[1];
  const indent = Math.min(Number(asked ?? 0), INDENT_MAX);
  return indent > 0 ? JSON.stringify(value, null, indent) : compact(value);
}

function compact(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}: ${compact(each)}`).join(', ')}}`;
}
