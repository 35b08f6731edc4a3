// What a body says, field by field, refused in the product's words.
import { type FieldProblem, fieldError, PlatformError } from '@berth/core';
import { readBody } from '../../http/body';
import type { Call } from '../../http/route';

/** JSON, whatever the request calls it. Throws `invalid_request` where there is no body; `malformed_body`, `body_too_large`. */
export async function readPosted(call: Call): Promise<unknown> {
  const body = await readBody(call, ['anyAsJson']);
  if (body === undefined) throw fieldError('invalid_request', 'body', 'no post body was provided');
  return body;
}

/** One field; undefined where the body is no object, or has none of that name. */
export function fieldOf(body: unknown, field: string): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, field) ? Reflect.get(body, field) : undefined;
}

/** A text of an e-mail or a password. What is missing or empty is required, whatever it is. */
export function textOf(body: unknown, field: string, problems: FieldProblem[]): string {
  const value = fieldOf(body, field);
  if (typeof value === 'string' && value !== '') return value;
  const isMissing = value === undefined || value === null || value === '';
  problems.push({ field, message: isMissing ? `${field} is a required field` : `${field} must be a text` });
  return '';
}

/** Throws `invalid_request` with everything that is wrong, where anything is. */
export function refuseProblems(problems: FieldProblem[]): void {
  if (problems.length === 0) return;
  const names = problems.map(({ field }) => field).join(', ');
  throw new PlatformError('invalid_request', `Please correct: ${names}.`, { fields: problems });
}
