// The door: what came in becomes what is trusted inside, or every wrong field is named. A value is never repeated.
import { type FieldProblem, PlatformError } from '@berth/core';
import type { z } from 'zod';

/** A field's path is what the caller sent: not more of it than this is sent back. */
const FIELD_LENGTH_MAX = 100;
const FIELDS_MAX = 20;

/** What is said of a field that the caller made up: its name is the caller's own. */
export const NOT_KNOWN = 'is not known here';

/** Throws `invalid_request` with every field that is wrong, missing or unknown. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value, { error: explain });
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap(problemsOf).slice(0, FIELDS_MAX);
  const names = fields.map(({ field }) => field).join(', ');
  throw new PlatformError('invalid_request', `Please correct: ${names}.`, { fields });
}

/** Zod's own words, but for a missing field; undefined leaves them. */
function explain(issue: { code?: string; input?: unknown }): string | undefined {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is required';
  if (issue.code === 'invalid_key') return 'is no name that is allowed here';
  return undefined;
}

function problemsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), message: NOT_KNOWN }));
  }
  return [{ field: fieldOf(issue.path), message: issue.message }];
}

function fieldOf(path: PropertyKey[]): string {
  return path.length === 0 ? 'body' : path.map(String).join('.').slice(0, FIELD_LENGTH_MAX);
}
